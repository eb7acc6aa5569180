"""For our own programs as the tests run them: like the tests, with a relay that does not wait."""

from ncmatch.settings.test import *  # noqa: F403

OUTBOX_NUDGE = "ncmatch.celery.nudge"
OUTBOX_LEASE_SECONDS = 3
