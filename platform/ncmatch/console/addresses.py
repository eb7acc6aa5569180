from uuid import UUID

from django.urls import reverse


def to(name: str, *args: UUID | str) -> str:
    """The address of one of the console's pages."""
    return reverse(f"console:{name}", args=args)
