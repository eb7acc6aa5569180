"""What each contender does, in a process of its own: one entry after another, or a thousand at once.

An entry is a recharge: it debits a channel, which has no floor, and credits a customer, whose balance must not fall
below zero. Spread, the channel is one of a thousand; hot, it is always the same.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from itertools import count
from typing import Any, Protocol
from uuid import UUID, uuid4

import psycopg
from psycopg.types.json import Jsonb

PARTIES = 1_000
BATCH = 1_000
TOPIC, HANDLER, ACTION = "order.expire", "tenant_apps.orders.handlers.expire", "payment.succeed"
AFTER = {"state": "SUCCEEDED", "trade_no": "2026112422001412345678901234"}


class Worker(Protocol):
    """Connects when it is made; the database's address and all else stand in its environment."""

    def spread(self) -> int: ...
    def hot(self) -> int: ...
    def bulk(self) -> int: ...


class _Numbers:
    """Sources that no other process has."""

    def __init__(self) -> None:
        self.mine = uuid4().hex[:12]
        self.next = count(1)

    def source(self) -> str:
        return f"payment:{self.mine}{next(self.next)}"


def _two(hot: bool) -> tuple[str, str]:
    return f"k{0 if hot else random.randrange(PARTIES)}", f"c{random.randrange(PARTIES)}"  # noqa: S311


class Ours:
    """Our posting service: rules, idempotency, news for the outbox, a record for the audit."""

    def __init__(self) -> None:
        from billing.ledger.enums import PartyKind
        from billing.ledger.events import Event
        from billing.ledger.parties import Party
        from billing.ledger.services import Along, post_event, post_events
        from shared_apps.kernel import tenancy
        from shared_apps.kernel.money import Money

        self._numbers = _Numbers()
        self._along, self._event, self._party, self._kind = Along, Event, Party, PartyKind
        self._one, self._many, self._amount = post_event, post_events, Money(10_000)
        tenancy.enter(os.environ["BENCH_SCHEMA"]).__enter__()  # for as long as the process lives

    def _parties(self, hot: bool) -> Mapping[str, Any]:
        channel, customer = _two(hot)
        return {
            "channel": self._party(self._kind.CHANNEL, channel, "支付宝"),
            "customer": self._party(self._kind.CUSTOMER, customer, "客户"),
        }

    def _with(self, source: str) -> Any:
        return self._along(ACTION, after=AFTER, news=[(TOPIC, {"order": source})])

    def _post(self, hot: bool) -> int:
        source = self._numbers.source()
        self._one(
            event="recharge",
            source=source,
            effective_at=datetime.now(UTC),
            parties=self._parties(hot),
            amounts={"amount": self._amount},
            memo="充值",
            along=self._with(source),
        )
        return 1

    def spread(self) -> int:
        return self._post(False)

    def hot(self) -> int:
        return self._post(True)

    def bulk(self) -> int:
        events = [
            self._event(
                "recharge",
                self._numbers.source(),
                datetime.now(UTC),
                self._parties(False),
                {"amount": self._amount},
                "充值",
            )
            for _ in range(BATCH)
        ]
        self._many(events=events, along=[self._with(event.source) for event in events])
        return BATCH


_POST = (
    "SELECT by_hand.post(%s, %s, %s, %s, %s, %s, %s, %s, %s::bigint[], %s, %s, %s, %s, %s, %s, %s)"
)


def _facts(channel: str, customer: str) -> Jsonb:
    return Jsonb(
        {
            "parties": {"channel": ["CHANNEL", channel], "customer": ["CUSTOMER", customer]},
            "amounts": {"amount": [10_000, "CNY"]},
        }
    )


class ByHand:
    """The same work as one SQL function, called by psycopg; and COPY of the rows that a batch of ours writes."""

    def __init__(self) -> None:
        self._numbers = _Numbers()
        # Plans are made once: for arrays of two the server would otherwise plan every single call.
        self._link = psycopg.connect(
            os.environ["BENCH_DATABASE_URL"],
            autocommit=True,
            options="-c search_path=by_hand -c plan_cache_mode=force_generic_plan",
        )
        self._accounts: dict[str, int] = dict(
            self._link.execute("SELECT code, id FROM account").fetchall()
        )

    def _post(self, hot: bool) -> int:
        channel, customer = _two(hot)
        source = self._numbers.source()
        self._link.execute(
            _POST,
            [
                "CASH",
                "recharge",
                source,
                datetime.now(UTC),
                "充值",
                _facts(channel, customer),
                [f"1012.channel.{channel}", f"220301.customer.{customer}"],
                ["DEBIT", "CREDIT"],
                [10_000, 10_000],
                TOPIC,
                HANDLER,
                Jsonb({"order": source}),
                ACTION,
                "system",
                None,
                Jsonb(AFTER),
            ],
        ).fetchone()
        return 1

    def spread(self) -> int:
        return self._post(False)

    def hot(self) -> int:
        return self._post(True)

    def bulk(self) -> int:
        rows = []
        for _ in range(BATCH):
            channel, customer = _two(False)
            rows.append((channel, customer, self._numbers.source(), uuid4(), datetime.now(UTC)))
        with self._link.transaction(), self._link.cursor() as cursor:
            ids = cursor.execute(
                "SELECT nextval(pg_get_serial_sequence('by_hand.entry', 'id')) FROM generate_series(1, %s)",
                [BATCH],
            ).fetchall()
            numbered = [(entry, *row) for (entry,), row in zip(ids, rows, strict=True)]
            for statement, made in _COPIES:
                with cursor.copy(statement) as copy:
                    for row in numbered:
                        for line in made(self._accounts, *row):
                            copy.write_row(line)
        return BATCH


Row = tuple[Any, ...]
Maker = Callable[[Mapping[str, int], int, str, str, str, UUID, datetime], list[Row]]


def _entry(
    _: Mapping[str, int], pk: int, k: str, c: str, source: str, uid: UUID, at: datetime
) -> list[Row]:
    return [(pk, uid, 1, "recharge", source, at, "充值", _facts(k, c))]


def _postings(
    ids: Mapping[str, int], pk: int, k: str, c: str, source: str, uid: UUID, at: datetime
) -> list[Row]:
    return [
        (pk, ids[f"1012.channel.{k}"], "DEBIT", 10_000, "CNY"),
        (pk, ids[f"220301.customer.{c}"], "CREDIT", 10_000, "CNY"),
    ]


def _delivery(
    _: Mapping[str, int], pk: int, k: str, c: str, source: str, uid: UUID, at: datetime
) -> list[Row]:
    return [(uid, "by_hand", TOPIC, HANDLER, Jsonb({"order": source}), "PENDING", 0, "")]


def _record(
    _: Mapping[str, int], pk: int, k: str, c: str, source: str, uid: UUID, at: datetime
) -> list[Row]:
    return [
        (uid, ACTION, "SYSTEM", "system", "", "", "", "ledger.entry", str(uid), Jsonb(AFTER), "")
    ]


_COPIES: tuple[tuple[str, Maker], ...] = (
    (
        "COPY entry (id, public_id, journal_id, kind, source, effective_at, memo, facts) FROM STDIN",
        _entry,
    ),
    (
        "COPY posting (entry_id, account_id, direction, amount_minor, currency) FROM STDIN",
        _postings,
    ),
    (
        "COPY delivery (public_id, schema, topic, handler, payload, state, attempts, last_error) FROM STDIN",
        _delivery,
    ),
    (
        """COPY record (public_id, action, actor_kind, actor_id, actor_name, user_agent, request_id,
                object_type, object_id, after, note) FROM STDIN""",
        _record,
    ),
)


class Hordak:
    """`Account.transfer_to`, as its manual says, in one transaction. No outbox, no audit, no unique source."""

    def __init__(self) -> None:
        from django.db import transaction
        from hordak.models import Account
        from moneyed import Money

        self._atomic, self._money = transaction.atomic, Money("100.00", "CNY")
        accounts = {account.name: account for account in Account.objects.all()}
        self._customers = [accounts[f"c{n}"] for n in range(PARTIES)]
        self._channels = [accounts[f"k{n}"] for n in range(PARTIES)]

    def spread(self) -> int:
        channel = random.choice(self._channels)  # noqa: S311
        return self._transfer(channel)

    def hot(self) -> int:
        return self._transfer(self._channels[0])

    def bulk(self) -> int:
        raise NotImplementedError("django-hordak has no way to book many at once.")

    def _transfer(self, channel: Any) -> int:
        customer = random.choice(self._customers)  # noqa: S311
        with self._atomic():
            customer.transfer_to(channel, self._money, description="充值")
        return 1


WORKERS: Mapping[str, Callable[[], Worker]] = {"ours": Ours, "by_hand": ByHand, "hordak": Hordak}
