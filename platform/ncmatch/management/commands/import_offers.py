"""Reads a file of suppliers' offers into the catalogue."""

import json
from argparse import ArgumentParser
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from shared_apps.catalog.importing.findings import SPOKEN, Severity
from shared_apps.catalog.importing.report import ImportReport
from shared_apps.catalog.importing.run import import_offers
from shared_apps.kernel import clock, tenancy
from shared_apps.kernel.context import Actor, acting
from shared_apps.kernel.errors import DomainError


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="只报告，不写入")
        parser.add_argument("--rate", help="1 美元合多少元；不给则用最近存下的汇率")
        parser.add_argument("--rate-source", default="", help="汇率的来源，与 --rate 同用")
        parser.add_argument(
            "--json", action="store_true", dest="as_json", help="最后一行是一个 JSON 对象"
        )

    def handle(
        self,
        *args: Any,
        file: Path,
        dry_run: bool,
        rate: str | None,
        rate_source: str,
        as_json: bool,
        **options: Any,
    ) -> None:
        try:
            data = file.read_bytes()
        except OSError as error:
            raise CommandError(f"无法读取 {file}：{error.strerror}") from error
        with tenancy.shared(), acting(Actor(kind="SYSTEM", id="import_offers", name="导入命令")):
            try:
                report = import_offers(
                    data=data,
                    file_name=file.name,
                    at=clock.now(),
                    dry_run=dry_run,
                    rate=_decimal(rate),
                    rate_source=rate_source,
                )
            except DomainError as error:
                raise CommandError(str(error)) from error
        if not as_json:
            self._tell(report)
        else:
            self.stdout.write(json.dumps(report.as_json(), ensure_ascii=False))

    def _tell(self, report: ImportReport) -> None:
        say = self.stdout.write
        say(f"{report.file_name}：{report.rows} 行，{report.suppliers_seen} 家供应商。")
        say(f"汇率 1 美元 = {report.rate} 元（{report.rate_source}）。")
        for severity in Severity:
            found = report.of(severity)
            say(f"{SPOKEN[severity]} {len(found)} 条" + ("：" if found else "。"))
            for finding in found:
                say(f"  {finding}")
        if report.vanished:
            say(f"文件中已没有的报价 {len(report.vanished)} 个（未删除）：")
            for gone in report.vanished:
                say(f"  {gone.supplier} {gone.sku} {gone.kind}")
        changed = [line for line in report.changes if line.before]
        if changed:
            say("变更：")
            for line in changed:
                say(f"  {line.supplier} {line.sku}：{line.before} → {line.after}")
        say(
            f"导入 {report.imported} 个产品：新增 {report.offers_new}，规格变更 {report.offers_changed}，"
            f"新价 {report.prices_new}，改价 {report.prices_changed}，"
            f"新供应商 {report.suppliers_new}，新型号 {report.gpu_models_new}。"
        )
        say(
            f"{report.change_count} 处变更" + ("（试运行，没有写入）。" if report.dry_run else "。")
        )


def _decimal(text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise CommandError(f"--rate 不是数字：{text}") from error
