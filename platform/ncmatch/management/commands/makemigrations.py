"""Django's own, standing as the owner: it compares the migrations with those that were applied."""

from typing import Any

from django.core.management.commands import makemigrations

from shared_apps.kernel import tenancy


class Command(makemigrations.Command):
    def handle(self, *app_labels: Any, **options: Any) -> None:
        with tenancy.owner():
            super().handle(*app_labels, **options)
