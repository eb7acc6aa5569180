"""The shop's pages, by noun. A view reads the request, makes one call, and names its template."""
