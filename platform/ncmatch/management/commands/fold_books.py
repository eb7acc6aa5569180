"""Folds the postings of all distributors into sums, as the worker does every ten minutes."""

from typing import Any

from django.core.management.base import BaseCommand

from billing.ledger.services.folding import fold
from shared_apps.distributors.queries import fleet
from shared_apps.kernel import tenancy


class Command(BaseCommand):
    help = __doc__ or ""

    def handle(self, *args: Any, **options: Any) -> None:
        with tenancy.shared():
            found = [(member.schema_name, member.name) for member in fleet()]
        for schema, name in found:
            with tenancy.enter(schema):
                self.stdout.write(f"{name}：{fold()}")
