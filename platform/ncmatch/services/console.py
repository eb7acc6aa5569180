"""`services up|down|status|destroy`, the same from manage.py and from `python -m ncmatch.services`."""

import argparse
import sys
import time
from collections.abc import Callable

from ncmatch.services.errors import ServiceError
from ncmatch.services.stack import Stack, is_up, table

NOT_RUNNING = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("up", "down", "status", "destroy"))
    parser.add_argument(
        "--app",
        action="store_true",
        help="up, status: also the sandbox, the worker and the web server; down: only those",
    )


def run(*, action: str, app: bool, say: Callable[[str], None]) -> int:
    """Returns the exit status: 0, 1 for a failure, 3 when something asked for does not run."""
    stack = Stack(say=say)
    began = time.monotonic()
    try:
        if action == "status":
            rows = stack.status(app=app)
            say(table(rows))
            return 0 if is_up(rows) else NOT_RUNNING
        if action == "up":
            stack.up(app=app)
        elif action == "down":
            stack.down(only_app=app)
        else:
            stack.destroy()
    except ServiceError as error:
        print(error, file=sys.stderr)
        return 1
    say(f"  {'total':<20} {'':<12} {time.monotonic() - began:6.2f} s")
    return 0
