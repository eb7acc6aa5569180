"""Plays the main job over HTTP on a shop of depth 3 and prints one line of JSON; the exit status tells."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from ncmatch.demo.outcome import report
from ncmatch.demo.play import PlayFailed, play


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--shop", default="pier")

    def handle(self, *args: Any, shop: str, **options: Any) -> None:
        try:
            outcome = report(play(shop))
        except PlayFailed as failed:
            outcome = {"ok": False, "shop": shop, "failed": str(failed)}
        self.stdout.write(json.dumps(outcome, ensure_ascii=False))
        if not outcome["ok"]:
            raise SystemExit(1)
