"""Customers shop while processes are killed and the world outside misbehaves; then the money is counted.

For a stack of its own, never for one that somebody needs: `make torture` makes one and removes it.
Without rounds it only looks. The last line is JSON; the exit status tells.
"""

import json
import secrets
from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand

from ncmatch.services.stack import Stack
from ncmatch.torture.rounds import Torture
from shared_apps.catalog.enums import PlanKind, PlanState
from shared_apps.catalog.models import Plan
from shared_apps.kernel import tenancy


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--rounds", type=int, default=3)
        parser.add_argument("--seconds", type=float, default=30, help="of noise in each round")
        parser.add_argument("--patience", type=float, default=240, help="seconds to come to rest")
        parser.add_argument("--seed", type=int, help="of the choices; by chance without")

    def handle(
        self,
        *args: Any,
        rounds: int,
        seconds: float,
        patience: float,
        seed: int | None,
        **options: Any,
    ) -> None:
        seed = secrets.randbelow(10**6) if seed is None else seed
        self.stderr.write(f"seed {seed}, {rounds} rounds of {seconds:.0f} s")
        with tenancy.shared():
            plans = [
                str(plan)
                for plan in Plan.objects.filter(state=PlanState.ACTIVE, kind=PlanKind.ON_DEMAND)
                .order_by("id")
                .values_list("public_id", flat=True)[:12]
            ]
        torture = Torture(Stack(say=lambda text: None), seed, seconds, plans, patience)
        trouble: Counter[str] = Counter()
        did: Counter[str] = Counter()
        findings = [f"before: {what}" for what in torture.settled()]
        for number in range(1, rounds + 1 if not findings else 1):
            done = torture.round(number)
            trouble += done.trouble
            did += done.did
            findings += [f"round {number}: {what}" for what in done.findings]
            self.stderr.write(json.dumps(done.as_json(), ensure_ascii=False))
        outcome = {
            "ok": not findings,
            "seed": seed,
            "rounds": rounds,
            "faults": sum(trouble.values()),
            "trouble": dict(sorted(trouble.items())),
            "did": dict(sorted(did.items())),
            "findings": findings,
        }
        self.stdout.write(json.dumps(outcome, ensure_ascii=False))
        if findings:
            raise SystemExit(1)
