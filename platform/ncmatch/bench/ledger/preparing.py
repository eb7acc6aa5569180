"""Accounts for a thousand channels and a thousand customers, in the books of each contender.

Run as a process of its own, under the contender's settings and on its database.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import django
from psycopg import sql

from ncmatch.bench.databases import Server, environment, ours
from ncmatch.bench.ledger.reading import BEGIN, END
from ncmatch.bench.ledger.work import PARTIES
from ncmatch.services.errors import ServiceError
from ncmatch.services.folders import ROOT

OURS = "ncmatch.bench.ledger.settings_ours"
HORDAK = "ncmatch.bench.ledger.settings_hordak"
HOST = "ledger.ncmatch.localhost"


@contextmanager
def our_books(server: Server) -> Iterator[dict[str, str]]:
    """Ours and the same by hand, in one database."""
    with ours(server, hosts=[HOST]) as env:
        _run(OURS, env=env)
        with server.connect(env["DATABASE_URL"].rsplit("/", 1)[1]) as link:
            (fsync,) = link.execute("SELECT current_setting('fsync')").fetchone() or ("",)
            if fsync != "on":
                raise ServiceError("Without fsync this benchmark says nothing.")
            tenant = sql.Identifier(env["BENCH_SCHEMA"])
            text = (Path(__file__).parent / "by_hand.sql").read_text()
            link.execute(sql.SQL(text).format(tenant=tenant))
            link.execute("VACUUM ANALYZE")
        yield {**env, "BENCH_DATABASE_URL": env["DATABASE_URL"]}


@contextmanager
def hordaks_books(server: Server) -> Iterator[dict[str, str]]:
    with server.database("hordak") as name:
        env = {"BENCH_DATABASE_URL": server.address(name)}
        _run(HORDAK, env=env)
        with server.connect(name) as link:
            link.execute("VACUUM ANALYZE")
        yield env


def write_past(
    server: Server, env: Mapping[str, str], *, after: int, upto: int, whole: int
) -> None:
    """Entries of three years, from one number of postings up to another, of so many in the end."""
    text = (Path(__file__).parent / "past.sql").read_text()
    with server.connect(env["DATABASE_URL"].rsplit("/", 1)[1]) as link:
        link.execute(
            sql.SQL("SET search_path TO {}, public").format(sql.Identifier(env["BENCH_SCHEMA"]))
        )
        link.execute("SET synchronous_commit TO off")
        link.execute(
            sql.SQL(text).format(
                first=sql.Literal(after // 2 + 1),
                last=sql.Literal(upto // 2),
                all=sql.Literal(whole // 2),
                begin=sql.Literal(BEGIN.isoformat()),
                end=sql.Literal(END.isoformat()),
            )
        )


def read_books(server: Server, env: Mapping[str, str], *, rounds: int) -> dict[str, list[float]]:
    """How long a balance and a trial balance take, and took by reading everything; folds first."""
    told = {key: value for key, value in env.items() if key != "BENCH_DATABASE_URL"}
    read(told, rounds=0)  # folds
    with server.connect(env["DATABASE_URL"].rsplit("/", 1)[1]) as link:
        link.execute("VACUUM ANALYZE")
    return read(told, rounds=rounds)


def read(env: Mapping[str, str], *, rounds: int) -> dict[str, list[float]]:
    found: dict[str, list[float]] = json.loads(
        _run(OURS, env=env, module="reading", arguments=(str(rounds),))
    )
    return found


def _run(
    settings: str,
    *,
    env: Mapping[str, str],
    module: str = "preparing",
    arguments: Sequence[str] = (),
) -> str:
    made = subprocess.run(
        [sys.executable, "-m", f"ncmatch.bench.ledger.{module}", *arguments],
        env=environment({**env, "DJANGO_SETTINGS_MODULE": settings}),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode != 0:
        raise ServiceError(f"The benchmark's books do not open.\n{made.stderr[-2000:]}")
    return made.stdout


def open_ours() -> None:
    from billing.ledger.enums import PartyKind
    from billing.ledger.events import Event
    from billing.ledger.parties import Party
    from billing.ledger.services import open_books, post_events
    from shared_apps.kernel import clock, tenancy
    from shared_apps.kernel.money import Money

    with tenancy.enter(os.environ["BENCH_SCHEMA"]):
        open_books(at=clock.now())
        post_events(
            events=[
                Event(
                    event="recharge",
                    source=f"first:{n}",
                    effective_at=clock.now(),
                    parties={
                        "channel": Party(PartyKind.CHANNEL, f"k{n}", "支付宝"),
                        "customer": Party(PartyKind.CUSTOMER, f"c{n}", "客户"),
                    },
                    amounts={"amount": Money(10_000)},
                )
                for n in range(PARTIES)
            ]
        )


def open_hordaks() -> None:
    """Its tree and its codes are put in order once, at the end, and not anew for each account."""
    from django.core.management import call_command
    from django.db import connection, transaction
    from hordak.models import Account

    call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE hordak_account DISABLE TRIGGER USER")
        with transaction.atomic(), Account.objects.disable_mptt_updates():
            for letter, kind in (("k", "AS"), ("c", "LI")):
                for n in range(PARTIES):
                    Account.objects.create(
                        name=f"{letter}{n}", code=f"{letter}{n}", type=kind, currencies=["CNY"]
                    )
        with transaction.atomic():
            Account.objects.rebuild()
            cursor.execute("UPDATE hordak_account SET full_code = code")
        cursor.execute("ALTER TABLE hordak_account ENABLE TRIGGER USER")


if __name__ == "__main__":
    django.setup()
    (open_hordaks if os.environ["DJANGO_SETTINGS_MODULE"] == HORDAK else open_ours)()
