"""Opens a shop under a parent: schema, role, host, terms, books, retail price and a first administrator."""

from argparse import ArgumentParser
from decimal import Decimal, InvalidOperation
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from billing.ledger.services import open_books
from billing.pricing.services import set_retail_percent
from shared_apps.distributors import queries, services
from shared_apps.identity import services as identity
from shared_apps.identity.enums import Role
from shared_apps.kernel import clock, tenancy
from shared_apps.kernel.context import Actor, acting
from shared_apps.kernel.errors import DomainError


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="网址标识，小写字母、数字和连字符")
        parser.add_argument("--name", required=True, help="店铺名称")
        parser.add_argument("--parent", required=True, help="上级的网址标识")
        parser.add_argument(
            "--wholesale-percent", required=True, help="向上级结算的折扣，占目录价的百分比"
        )
        parser.add_argument("--retail-percent", default="100", help="零售折扣，占目录价的百分比")
        parser.add_argument("--host", help="域名；不给则为 <网址标识>.<平台域名>")
        parser.add_argument("--admin-email", required=True, help="首位管理员的邮箱，用验证码登录")

    def handle(self, *args: Any, **options: Any) -> None:
        slug = options["slug"]
        host = options["host"] or f"{slug}.{settings.EXCHANGE_HOST}"
        at = clock.now()
        with acting(Actor(kind="SYSTEM", id="add_distributor", name="开店命令")):
            try:
                with tenancy.owner():
                    made = services.found(
                        slug=slug,
                        name=options["name"],
                        parent=queries.by_slug(options["parent"]),
                        hosts=[host],
                        wholesale_percent=_percent(options["wholesale_percent"]),
                        at=at,
                    )
                with tenancy.enter(made.schema_name):
                    open_books(at=at)
                    set_retail_percent(percent=_percent(options["retail_percent"]), at=at)
                    identity.add_staff(
                        name="管理员", roles=[Role.ADMIN], email=options["admin_email"]
                    )
            except DomainError as refused:
                raise CommandError(str(refused)) from refused
        self.stdout.write(f"{made.name} 已开店：http://{host}/，管理员 {options['admin_email']}。")


def _percent(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise CommandError(f"不是百分比：{text}") from error
