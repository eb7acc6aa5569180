"""Where things lie: the repository, and the data folder that is never committed."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def data_folder() -> Path:
    """NCMATCH_DATA, or `.data` in the repository."""
    given = os.environ.get("NCMATCH_DATA")
    return Path(given).expanduser().resolve() if given else ROOT / ".data"
