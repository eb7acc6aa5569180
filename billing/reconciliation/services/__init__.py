"""Running a day, settling what differs."""

from .runs import keep_draft as keep_draft
from .runs import run as run
from .runs import run_due as run_due
from .runs import start as start
from .runs import take_upload as take_upload
from .settling import adjust as adjust
from .settling import decided as decided
from .settling import explain as explain
