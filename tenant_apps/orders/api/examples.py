from typing import Any

from drf_spectacular.utils import OpenApiExample

PLAN = "0199f3a0-5c1f-7d02-9a6e-77c40b1d2e35"
NAME = "A100 SXM4 80 GB × 8 · Lambda"
CHOICE: dict[str, Any] = {"plan_id": PLAN, "quantity": 1, "hours": 24}
SUMMARY: dict[str, Any] = {
    "id": "0199f3b2-0b7d-7f10-a3c5-5e2d9b8c1a44",
    "number": "O261123Q7F3A1B2",
    "state": "AWAITING_PAYMENT",
    "total": "2366.88",
    "currency": "CNY",
    "placed_at": "2026-11-23T21:05:00+08:00",
    "expires_at": "2026-11-23T21:35:00+08:00",
    "paid_at": None,
    "paid_by": "",
    "finished_at": None,
}
PAID = SUMMARY | {
    "state": "PAID",
    "paid_at": "2026-11-23T21:06:12+08:00",
    "paid_by": "BALANCE",
}
ORDER = SUMMARY | {
    "terms_version": "2026-11",
    "lines": [
        {
            "id": "0199f3b2-0b81-7c3e-8f20-6d4a7e5b9c01",
            "position": 1,
            "plan_id": PLAN,
            "name": NAME,
            "supplier": "Lambda",
            "specs": {
                "sku": "gpu_8x_a100_80gb_sxm4",
                "gpu": "A100 SXM4 80 GB",
                "gpu_count": 8,
                "gpu_memory_gb": 640,
                "vcpu": 240,
                "ram_gb": "1800.00",
                "plan": "ON_DEMAND",
                "hub": "贵州枢纽",
            },
            "hours": 24,
            "hourly": "98.62",
            "amount": "2366.88",
            "state": "WAITING",
            "failure": "",
        }
    ],
}
PAYMENT: dict[str, Any] = {
    "id": "0199f3b3-4e90-7b55-b1d2-90c3f4a6e7d8",
    "number": "P261123K2M9X0Y1",
    "method": "ALIPAY_QR",
    "state": "OPEN",
    "amount": "2366.88",
    "currency": "CNY",
    "redirect_url": None,
    "qr_content": "https://qr.alipay.com/bax03204ay6vngi8",
    "created_at": "2026-11-23T21:05:30+08:00",
    "expires_at": "2026-11-23T21:35:00+08:00",
    "paid_at": None,
    "refunded": "0.00",
}

ASK_QUOTE = OpenApiExample("一台，二十四小时", request_only=True, value={"items": [CHOICE]})
QUOTE = OpenApiExample(
    "一台，二十四小时",
    response_only=True,
    value={
        "items": [CHOICE | {"name": NAME, "hourly": "98.62", "amount": "2366.88"}],
        "total": "2366.88",
        "currency": "CNY",
        "terms_version": "2026-11",
        "priced_at": "2026-11-23T21:04:41+08:00",
    },
)
ASK_ORDER = OpenApiExample(
    "按刚才的报价下单",
    request_only=True,
    value={"items": [CHOICE], "shown_total": "2366.88", "terms_version": "2026-11"},
)
PLACED = OpenApiExample("待支付的订单", response_only=True, value=ORDER)
LISTED = OpenApiExample(
    "订单列表",
    response_only=True,
    value={"items": [SUMMARY], "page": 1, "pages": 1, "per_page": 20, "total": 1},
)
CANCELLED = OpenApiExample(
    "已取消",
    response_only=True,
    value=ORDER
    | {
        "state": "CANCELLED",
        "finished_at": "2026-11-23T21:10:00+08:00",
        "lines": [line | {"state": "CANCELLED"} for line in ORDER["lines"]],
    },
)
BY_QR = OpenApiExample("支付宝扫码", request_only=True, value={"method": "ALIPAY_QR"})
BY_WECHAT = OpenApiExample("微信扫码", request_only=True, value={"method": "WECHAT_NATIVE"})
BY_STRIPE = OpenApiExample("银行卡", request_only=True, value={"method": "STRIPE_CHECKOUT"})
BY_BALANCE = OpenApiExample("余额", request_only=True, value={"method": "BALANCE"})
PAYING = OpenApiExample(
    "等待扫码", response_only=True, value={"order": SUMMARY, "payment": PAYMENT}
)
PAYING_BY_STRIPE = OpenApiExample(
    "等待在 Stripe 付款",
    response_only=True,
    value={
        "order": SUMMARY,
        "payment": PAYMENT
        | {
            "method": "STRIPE_CHECKOUT",
            "redirect_url": "https://checkout.stripe.com/c/pay/cs_live_a1B2c3D4",
            "qr_content": None,
        },
    },
)
PAID_AT_ONCE = OpenApiExample(
    "余额已冻结，正在开通", response_only=True, value={"order": PAID, "payment": None}
)
PAYMENTS = OpenApiExample(
    "支付单",
    response_only=True,
    value={"items": [PAYMENT], "page": 1, "pages": 1, "per_page": 20, "total": 1},
)
ADD = OpenApiExample("加入购物车", request_only=True, value=CHOICE)
CHANGE = OpenApiExample("改为两台七天", request_only=True, value={"quantity": 2, "hours": 168})
CART = OpenApiExample(
    "购物车",
    response_only=True,
    value={
        "items": [
            {
                "id": "0199f3b0-9d2f-7e61-8a47-2c5b0f3d6e19",
                **CHOICE,
                "name": NAME,
                "available": True,
                "hourly": "98.62",
                "amount": "2366.88",
            }
        ],
        "total": "2366.88",
        "currency": "CNY",
        "terms_version": "2026-11",
    },
)
