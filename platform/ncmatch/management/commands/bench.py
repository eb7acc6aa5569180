"""Measures one benchmark. The last line printed is one JSON object; see docs/benchmarks.md."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError

from ncmatch.bench import harness, registry
from ncmatch.services.errors import ServiceError
from shared_apps.kernel import clock, tenancy


def server_version() -> int:
    with tenancy.owner():
        return tenancy.link().pg_version


class Command(BaseCommand):
    help = __doc__ or ""
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", nargs="?", choices=sorted(registry.BENCHES), default="requests")
        parser.add_argument(
            "--json",
            action="store_true",
            dest="as_json",
            help="标准输出只有那一行 JSON，其余写到标准错误",
        )
        parser.add_argument("--rounds", type=int, help="轮数；不给则由该项测试自定")
        parser.add_argument("--postings", type=int, help="ledger：读账时账上有多少笔，默认一千万")

    def handle(
        self,
        *args: Any,
        name: str,
        as_json: bool,
        rounds: int | None,
        postings: int | None = None,
        **options: Any,
    ) -> None:
        if rounds is not None and rounds < 1:
            raise CommandError("--rounds 至少为 1。")
        if postings is not None and (name != "ledger" or postings < 1000):
            raise CommandError("--postings 只用于 ledger，至少为 1000。")
        sizes = {} if postings is None else {"postings": postings}
        out = self.stderr if as_json else self.stdout

        def say(text: str) -> None:
            out.write(text)
            out.flush()

        try:
            about = harness.machine(server_version=server_version(), at=clock.now())
            cases = registry.load(name)(rounds=rounds, say=say, **sizes)
        except ServiceError as error:
            raise CommandError(str(error)) from error
        except OperationalError as error:
            raise CommandError(f"数据库没有应答（manage.py services up）：{error}") from error
        say(harness.table(cases))
        sys.stderr.flush()
        self.stdout.write(harness.as_line(name, cases, about))
