"""/styleguide/: every component in every state. Mounted only where STYLE_GUIDE is on; it reads and writes nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from shared_apps.identity.access import Anyone, access
from shared_apps.kernel import clock
from shared_apps.kernel.money import Money


class SampleForm(forms.Form):
    name = forms.CharField(label="单位名称", help_text="与营业执照一致")
    mail = forms.EmailField(label="邮箱")
    kind = forms.ChoiceField(label="客户类型", choices=[("COMPANY", "企业"), ("PERSON", "个人")])
    agreed = forms.BooleanField(label="我已阅读并同意服务条款")


@access(Anyone)
def index(request: HttpRequest, layout: str = "shop") -> HttpResponse:
    if layout not in ("shop", "backoffice", "exchange", "plain"):
        raise Http404
    return render(request, "styleguide/index.html", sample(layout=layout, at=clock.now()))


def sample(*, layout: str, at: datetime) -> dict[str, Any]:
    """What the page shows; the render tests use it too."""
    form = SampleForm({"name": "", "mail": "not-an-address", "kind": "COMPANY"})
    form.is_valid()
    orders = _orders(at=at)
    return {
        "layout": f"layouts/{layout}.html",
        "dense": layout == "backoffice",
        "at": at,
        "soon": at + timedelta(minutes=14, seconds=32),
        "offers": _offers(at=at),
        "lines": [
            {"label": "单价", "note": "¥12.35/卡时 × 8 卡", "amount": Money(9880)},
            {"label": "时长", "text": "720 小时"},
            {"label": "小计", "amount": Money(7113600)},
            {"label": "包月折扣", "amount": Money(-711360), "less": True},
        ],
        "due": Money(6402240),
        "facts": [
            {"label": "显卡", "value": "A100 80G × 8"},
            {"label": "内存", "value": "1,152", "unit": "GB"},
            {"label": "位置", "value": "张家口", "note": "京津冀枢纽"},
        ],
        "columns": COLUMNS,
        "orders": orders,
        "one": orders[:1],
        "page": Paginator(range(486), 20).page(3),
        "totals": {"amount": Money(sum(o["amount"].minor for o in orders)), "share": None},
        "states": [
            "RUNNING",
            "PAID",
            "OPENING",
            "AWAITING_PAYMENT",
            "CONFIRMING",
            "FAILED",
            "OWED",
            "EXPIRED",
            "REFUNDED",
        ],
        "form": form,
        "events": [
            {
                "at": at - timedelta(minutes=1),
                "title": "供应商正在开通",
                "text": "预计 3 分钟内完成",
                "who": "系统",
                "tone": "amber",
            },
            {
                "at": at - timedelta(minutes=2),
                "title": "已派单给供应商",
                "who": "系统",
                "tone": "green",
            },
            {
                "at": at - timedelta(minutes=3),
                "title": "已支付 ¥64,022.40",
                "text": "支付宝",
                "who": "演示客户",
                "tone": "green",
            },
            {"at": at - timedelta(minutes=9), "title": "提交订单", "who": "演示客户"},
        ],
        "steps": {
            "running": _steps("done", "done", "now", "todo"),
            "done": _steps("done", "done", "done", "done"),
            "failed": _steps("done", "done", "failed", "todo"),
        },
        "chart": {
            "x": ["4 月", "5 月", "6 月", "7 月", "8 月", "9 月"],
            "series": [
                {
                    "name": "A100 80G",
                    "values": [
                        Decimal(n) for n in ("13.2", "12.9", "12.8", "12.1", "11.9", "11.6")
                    ],
                },
                {
                    "name": "H100 80G",
                    "values": [
                        Decimal(n) for n in ("24.5", "24.1", "22.8", "22.0", "21.4", "20.8")
                    ],
                },
            ],
        },
        "bars": {
            "x": ["京津冀", "长三角", "粤港澳", "成渝", "贵州", "宁夏"],
            "series": [{"name": "可售卡数", "values": [3120, 4210, 2680, 1530, 5200, 2890]}],
        },
        "ring": {
            "x": ["运行中", "开通中", "已到期"],
            "series": [{"name": "台数", "values": [128, 6, 41]}],
        },
        "points": {
            "name": "可售卡数",
            "points": [
                {"name": "张家口", "lon": 114.9, "lat": 40.8, "value": 3120},
                {"name": "庆阳", "lon": 107.6, "lat": 35.7, "value": 880},
                {"name": "贵安", "lon": 106.5, "lat": 26.4, "value": 5200},
            ],
        },
        "hubs": [
            {"name": name, "lon": lon, "lat": lat, "count": count, "url": "#"}
            for name, lon, lat, count in (
                ("张家口", "114.9", "40.8", 42),
                ("和林格尔", "111.8", "40.4", 18),
                ("芜湖", "118.4", "31.3", 55),
                ("韶关", "113.6", "24.8", 31),
                ("重庆", "106.5", "29.5", 24),
                ("贵安", "106.5", "26.4", 47),
                ("庆阳", "107.6", "35.7", 12),
                ("中卫", "105.2", "37.5", 0),
            )
        ],
        "nothing": {"x": [], "series": []},
        "rail": RAIL,
        "office_label": "分销商后台",
        "jump_url": "?",
        "section": "home",
        "cart_count": 2,
        "big": Money(1234567890123),
        "debt": Money(-123450),
        "figure": 4210000,
    }


COLUMNS = [
    {"key": "number", "label": "订单号", "kind": "id", "sort": "number"},
    {"key": "what", "label": "内容", "kind": "link"},
    {"key": "customer", "label": "客户"},
    {"key": "amount", "label": "金额", "unit": "元", "kind": "money", "sort": "amount"},
    {"key": "share", "label": "折扣", "kind": "percent", "off": True},
    {"key": "state", "label": "状态", "kind": "status", "sort": "state"},
    {"key": "at", "label": "时间", "kind": "time", "sort": "at"},
]

RAIL = [
    {
        "label": "",
        "items": [{"url": "#", "icon": "home", "label": "今日待办", "active": True, "count": 3}],
    },
    {
        "label": "经营",
        "items": [
            {"url": "#", "icon": "receipt-2", "label": "订单"},
            {"url": "#", "icon": "users", "label": "客户"},
            {"url": "#", "icon": "server-2", "label": "资源"},
        ],
    },
    {
        "label": "账务",
        "items": [
            {"url": "#", "icon": "book", "label": "序时账"},
            {"url": "#", "icon": "scale", "label": "试算平衡"},
            {"url": "#", "icon": "arrows-exchange", "label": "上下级往来"},
        ],
    },
]


def _steps(*states: str) -> list[dict[str, str]]:
    labels = ("已支付", "已派单", "开通中", "可使用")
    return [
        {"label": label, "state": state, "note": ""}
        for label, state in zip(labels, states, strict=True)
    ]


def _offers(*, at: datetime) -> list[dict[str, Any]]:
    plenty = {"state": "PLENTY", "checked_at": at - timedelta(minutes=3)}
    return [
        {
            "public_id": "018f3a6e-0000-7000-8000-000000000001",
            "url": "#",
            "name": "A100 80G × 8",
            "gpu_model": "A100 80G",
            "gpu_count": 8,
            "gpu_memory_gb": 80,
            "vcpus": 96,
            "ram_gb": 1152,
            "hub": "京津冀枢纽",
            "supplier": "AWS",
            "plan": "p4de.24xlarge",
            "per_gpu_hour": Decimal("36.86"),
            "per_hour": Decimal("294.88"),
            "was_per_gpu_hour": Decimal("40.10"),
            "stock": plenty,
        },
        {
            "public_id": "018f3a6e-0000-7000-8000-000000000002",
            "url": "#",
            "name": "T4 16G × 1",
            "gpu_model": "T4 16G",
            "gpu_count": 1,
            "gpu_memory_gb": 16,
            "vcpus": 4,
            "ram_gb": 16,
            "hub": "贵州枢纽",
            "supplier": "Lambda",
            "plan": "g4dn.xlarge",
            "spot": True,
            "per_gpu_hour": Decimal("1.15"),
            "per_hour": Decimal("1.15"),
            "stock": {"state": "SOME", "count": 2, "checked_at": at - timedelta(hours=2)},
        },
        {
            "public_id": "018f3a6e-0000-7000-8000-000000000003",
            "url": "#",
            "name": "H100 80G SXM × 8",
            "gpu_model": "H100 80G SXM",
            "gpu_count": 8,
            "gpu_memory_gb": 80,
            "vcpus": 208,
            "ram_gb": 1800,
            "hub": "",
            "supplier": "Lambda",
            "plan": "gpu_8x_h100_sxm5",
            "per_gpu_hour": Decimal("21.52"),
            "per_hour": Decimal("172.16"),
            "stock": {"state": "NONE", "checked_at": at - timedelta(days=1)},
        },
    ]


def _orders(*, at: datetime) -> list[dict[str, Any]]:
    rows = [
        ("O261123Q7F3A1B2C", "A100 80G × 8 · 一个月", "演示客户", 6402240, "RUNNING", 12),
        ("O261123K2M9X0Y1Z", "T4 16G × 1 · 24 小时", "演示企业", 2760, "AWAITING_PAYMENT", 45),
        ("O261122B8N4V6W7P", "H100 80G SXM × 8 · 三个月", "演示研究院", 37186560, "FAILED", 1500),
        ("O261120D5R1T3S9J", "退款：V100 16G × 4", "演示客户", -123450, "REFUNDED", 4600),
    ]
    return [
        {
            "public_id": number,
            "number": number,
            "what": what,
            "customer": customer,
            "amount": Money(minor),
            "share": Decimal("0.9"),
            "state": state,
            "at": at - timedelta(minutes=minutes),
            "url": "#",
            "drawer": "",
        }
        for number, what, customer, minor, state, minutes in rows
    ]
