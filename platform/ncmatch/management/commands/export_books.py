from __future__ import annotations

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_aware, make_aware

from billing.ledger import exports
from shared_apps.distributors import queries
from shared_apps.kernel import tenancy


def moment(text: str) -> datetime:
    found = parse_datetime(text) or parse_datetime(f"{text}T00:00:00")
    if found is None:
        raise CommandError(f"Not a moment: {text}")
    return found if is_aware(found) else make_aware(found)


class Command(BaseCommand):
    help = "Writes a distributor's books to standard output, for hledger, beancount, or as CSV."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--distributor", required=True, metavar="SLUG")
        parser.add_argument("--format", choices=sorted(exports.FORMATS), default="hledger")
        parser.add_argument(
            "--at", type=moment, metavar="T", help="what had happened before this moment"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        with tenancy.shared():
            schema = queries.by_slug(options["distributor"]).schema_name
        with tenancy.enter(schema):
            for text in exports.FORMATS[options["format"]](until=options["at"]):
                self.stdout.write(text, ending="")
