"""Proves that every pair of parties agrees to the fen, or prints the first difference."""

import json
from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.dateparse import parse_datetime
from django.utils.timezone import get_default_timezone, is_naive, make_aware

from billing.settlement.proof import Proof, prove
from shared_apps.kernel import clock, tenancy
from shared_apps.kernel.money import Money


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", dest="as_json")
        parser.add_argument("--at", help="截至时刻，例如 2026-11-23T18:00:00+08:00；不给则为现在")

    def handle(self, *args: Any, as_json: bool, at: str | None, **options: Any) -> None:
        with tenancy.owner():
            proof = prove(at=_moment(at))
        if as_json:
            self.stdout.write(json.dumps(proof.as_json(), ensure_ascii=False))
        else:
            self._tell(proof)
        if not proof.ok:
            raise SystemExit(1)

    def _tell(self, proof: Proof) -> None:
        say = self.stdout.write
        say(f"截至 {proof.at.astimezone(get_default_timezone()):%Y-%m-%d %H:%M:%S}")
        say(
            f"{proof.distributors} 本账，{proof.entries} 笔分录：借贷相等。"
            if proof.ok
            else "账目有差异："
        )
        say(
            f"{proof.obligations} 笔往来、{proof.pairs} 对往来单位，合计 {Money(proof.obliged_minor)} 元；"
            f"在途 {proof.in_transit} 笔。"
        )
        for difference in proof.differences[:20]:
            say(f"  {difference}")
        if proof.ok:
            say("每一对往来单位：应付 = 应收 = 往来合计 − 在途，分毫不差。")


def _moment(text: str | None) -> datetime:
    if text is None:
        return clock.now()
    found = parse_datetime(text)
    if found is None:
        raise CommandError(f"--at 不是时刻：{text}")
    return make_aware(found) if is_naive(found) else found
