"""Start, stop and show PostgreSQL, Valkey and our own processes."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ncmatch.services import console


class Command(BaseCommand):
    help = "Starts, stops or shows the embedded database and queue, and with --app the whole demo."
    # Nothing may be asked of a database that this very command is about to start.
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        console.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        status = console.run(action=options["action"], app=options["app"], say=self._say)
        if status:
            sys.exit(status)

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
