"""Our settings, as they are in production. No relay runs here, so none is woken."""

from ncmatch.settings.base import *  # noqa: F403

OUTBOX_NUDGE = ""
