"""Says where the demo's shops are and who may log in, then plays the main job once, live."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from ncmatch import services
from ncmatch.demo.outcome import report
from ncmatch.demo.play import PlayFailed, play
from ncmatch.demo.tree import CUSTOMER_PHONE, PASSWORD, SHOPS

STEPS = {
    "find": "找到产品",
    "log_in": "客户登录",
    "order": "提交订单",
    "pay": "支付宝付款",
    "open": "供应商开通",
    "enter": "查看访问方式",
    "book_and_prove": "各级入账并证明",
}


class Command(BaseCommand):
    help = __doc__ or ""

    def handle(self, *args: Any, **options: Any) -> None:
        say = self.stdout.write
        try:
            outcome = report(play("pier"))
        except PlayFailed as failed:
            say(f"主流程没有走完：{failed}")
            raise SystemExit(1) from failed
        say("")
        say(f"主流程（栈桥 AI，三级分销）：订单 {outcome['order']}，¥{outcome['amount']}")
        for step, seconds in outcome["seconds"].items():
            say(f"  {STEPS[step]:<12} {seconds:6.2f} s")
        say(
            f"  {outcome['levels']} 级、{outcome['obligations']} 笔往来，"
            f"账差 {outcome['difference_minor']} 分，订单 {outcome['order_state']}，资源 {outcome['resource_state']}。"
        )
        self._addresses()
        if not outcome["ok"]:
            raise SystemExit(1)

    def _addresses(self) -> None:
        say = self.stdout.write
        port = services.web_port()
        say("")
        say("地址（浏览器可直接打开）：")
        say(f"  全国市场        http://{settings.EXCHANGE_HOST}:{port}/")
        depth: dict[str, int] = {}
        for shop in SHOPS:
            depth[shop.slug] = depth[shop.parent] + 1 if shop.parent else 0
            indent = "  " * depth[shop.slug]
            say(
                f"  {indent}{shop.name}  http://{shop.slug}.{settings.EXCHANGE_HOST}:{port}/  后台 /office/"
            )
        say(f"  沙箱（支付、供应商、短信与邮件收件箱）  {settings.SANDBOX_URL}/")
        say("")
        say(f"客户登录：{CUSTOMER_PHONE.removeprefix('+86')}，口令 {PASSWORD}（每家店铺各一名）")
        say(f"员工登录：admin|finance|sales|support@<店铺>.{settings.EXCHANGE_HOST}，口令相同")
