"""Rounds of it: the same seed makes the same choices, though never the same moments."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx
import structlog
from django.db import DatabaseError, connections

from billing.ledger.enums import PeriodState
from billing.ledger.models import Period
from billing.ledger.services import set_period_state
from ncmatch.demo.tree import CUSTOMER_PHONE
from ncmatch.services.stack import Stack
from shared_apps.distributors import queries as distributors
from shared_apps.identity import queries as people
from shared_apps.identity import services as identity
from shared_apps.kernel import clock, tenancy
from shared_apps.kernel.errors import DomainError

from . import judge
from .people import Shopper
from .trouble import Trouble

log = structlog.get_logger(__name__)

SHOPS = ("pier", "grove", "harbour")
SHOPPERS_EACH = 2  # of the same customer: two browsers of one person


@dataclass
class Round:
    number: int
    did: Counter[str] = field(default_factory=Counter)
    trouble: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)
    quiet_after: float = 0.0

    def as_json(self) -> dict[str, Any]:
        return {
            "round": self.number,
            "did": dict(sorted(self.did.items())),
            "trouble": dict(sorted(self.trouble.items())),
            "findings": self.findings,
            "quiet_after_seconds": round(self.quiet_after, 1),
        }


@dataclass
class Torture:
    stack: Stack
    seed: int
    seconds: float
    plans: list[str]
    patience: float  # seconds for everything to come to rest

    def settled(self) -> list[str]:
        """What is still wrong when all had time enough."""
        deadline = time.monotonic() + self.patience
        while True:
            try:
                connections.close_all()
                found = judge.findings()
            except (DatabaseError, httpx.HTTPError) as error:
                found = [f"the judge could not ask: {error!r}"]
            if not found or time.monotonic() > deadline:
                return found
            time.sleep(2)

    def round(self, number: int) -> Round:
        done = Round(number)
        chance = random.Random(f"{self.seed}/{number}")  # noqa: S311
        trouble = Trouble(self.stack, chance)
        stop = threading.Event()
        shoppers = [
            Shopper(slug, token, self.plans, f"{self.seed}/{number}/{slug}/{copy}", stop)
            for slug, token in _tokens().items()
            for copy in range(SHOPPERS_EACH)
        ]
        threads = [threading.Thread(target=shopper.run, daemon=True) for shopper in shoppers]
        threads.append(
            threading.Thread(target=_close_and_open, args=(stop, f"{self.seed}"), daemon=True)
        )
        for thread in threads:
            thread.start()
        try:
            ends = time.monotonic() + self.seconds
            while time.monotonic() < ends:
                time.sleep(chance.uniform(0.3, 2.0))
                trouble.make()
        finally:
            stop.set()
        for thread in threads:
            thread.join()
        trouble.end()
        done.trouble = trouble.made
        for shopper in shoppers:
            done.did += shopper.did
            done.findings += shopper.broken
        began = time.monotonic()
        done.findings += self.settled()
        done.quiet_after = time.monotonic() - began
        return done


def _tokens() -> dict[str, str]:
    """A new token of each shop's customer."""
    made = {}
    for slug in SHOPS:
        with tenancy.shared():
            shop = distributors.by_slug(slug)
        with tenancy.enter(shop.schema_name):
            user = people.user_by_phone(CUSTOMER_PHONE)
            if user is None:
                raise LookupError(f"{slug} has no customer {CUSTOMER_PHONE}; is it the demo?")
            _, made[slug] = identity.issue_token(user=user, name="torture")
    return made


def _close_and_open(stop: threading.Event, seed: str) -> None:
    """Finance closes the month under everybody's feet, and opens it again."""
    chance = random.Random(seed)  # noqa: S311
    while not stop.wait(chance.uniform(1, 3)):
        try:
            with tenancy.shared():
                shop = distributors.by_slug(chance.choice(SHOPS))
            with tenancy.enter(shop.schema_name):
                _set(clock.now(), PeriodState.CLOSED)
                stop.wait(chance.uniform(0.2, 1))
        except (DatabaseError, DomainError) as killed:  # the database dies now and then
            log.info("torture.close_interrupted", error=repr(killed))
        finally:
            connections.close_all()
            _open_all()


def _open_all() -> None:
    for _ in range(60):
        try:
            for slug in SHOPS:
                with tenancy.shared():
                    shop = distributors.by_slug(slug)
                with tenancy.enter(shop.schema_name):
                    _set(clock.now(), PeriodState.OPEN)
        except DatabaseError as killed:
            log.info("torture.open_interrupted", error=repr(killed))
            connections.close_all()
            time.sleep(1)
        else:
            return


def _set(at: datetime, state: PeriodState) -> None:
    period = Period.objects.get(start_date__lte=at.date(), end_date__gt=at.date())
    set_period_state(period=period, state=state)
