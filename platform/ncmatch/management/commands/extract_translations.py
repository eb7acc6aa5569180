"""Brings the English catalogue up to date with what the sources say, and counts what is missing."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from ncmatch import translations


class Command(BaseCommand):
    help = __doc__ or ""
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="只比较，不写入")

    def handle(self, *args: Any, check: bool = False, **options: Any) -> None:
        old = translations.catalogue()
        new = translations.brought_up_to_date(old, translations.extract())
        differs = str(old) != str(new)
        empty = translations.missing(new)
        self.stdout.write(f"{len(new)} 条，{len(empty)} 条没有英文。")
        for entry in empty:
            self.stdout.write(f"  {entry.occurrences[0][0]}：{entry.msgid}")
        if check:
            if differs or empty:
                raise SystemExit(1)
            return
        translations.CATALOGUE.parent.mkdir(parents=True, exist_ok=True)
        new.save(str(translations.CATALOGUE))
