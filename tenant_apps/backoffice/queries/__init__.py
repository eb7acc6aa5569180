"""What the back office's pages show, put together from the apps that own it. Reads only."""
