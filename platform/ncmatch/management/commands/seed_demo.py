"""Fills an empty database with the demo: distributors, real offers, people, books, accounts."""

from typing import Any

from django.core.management.base import BaseCommand

from ncmatch.demo.seeding import seed
from shared_apps.kernel import clock


class Command(BaseCommand):
    help = __doc__ or ""

    def handle(self, *args: Any, **options: Any) -> None:
        seed(
            at=clock.now(),
            say=lambda title, took: self.stdout.write(f"  {title:<24} {took:6.2f} s"),
        )
