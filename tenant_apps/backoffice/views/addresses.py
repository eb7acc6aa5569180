from uuid import UUID

from django.urls import reverse


def to(name: str, *args: UUID | str) -> str:
    """The address of one of our own pages."""
    return reverse(f"office:{name}", args=args)
