"""Names that are stored as they are said in Chinese, in the reader's language.

They are marked for translation where they are defined: the hubs, and the clouds of the price file.
A name that nobody translated stays as it is.
"""

from django.utils import translation


def spoken(name: str | None) -> str:
    return translation.gettext(name) if name else ""
