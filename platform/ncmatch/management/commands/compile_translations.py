"""Makes of each catalogue what Python reads. Needs neither a database nor any service."""

from pathlib import Path
from typing import Any

import polib  # type: ignore[import-untyped]  # its stubs are a package of their own
from django.conf import settings
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = __doc__ or ""
    requires_system_checks = []
    requires_migrations_checks = False

    def handle(self, *args: Any, **options: Any) -> None:
        for folder in settings.LOCALE_PATHS:
            for source in sorted(Path(folder).glob("*/LC_MESSAGES/*.po")):
                compiled = source.with_suffix(".mo")
                unfinished = compiled.with_suffix(".mo.new")
                polib.pofile(str(source)).save_as_mofile(str(unfinished))
                unfinished.replace(compiled)
