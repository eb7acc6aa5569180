from typing import Any

from drf_spectacular.utils import OpenApiExample

TOKEN: dict[str, Any] = {
    "id": "0199f3c0-7a11-7d4b-b0f3-8e2c6a9d5f47",
    "name": "训练平台自动下单",
    "prefix": "ncm_Jx2Vw0qZ",
    "created_at": "2026-11-23T20:58:10+08:00",
    "expires_at": "2027-02-23T00:00:00+08:00",
    "last_used_at": None,
    "revoked_at": None,
}
ME = OpenApiExample(
    "本人",
    response_only=True,
    value={
        "id": "0199f39f-11d0-7c6e-9f52-3a7b8c0d4e61",
        "number": "C261101T3S9J5R1",
        "name": "演示客户",
        "company": "演示研究院",
        "phone": "+86138****0001",
        "email": None,
        "created_at": "2026-11-01T09:30:00+08:00",
    },
)
TOKENS = OpenApiExample(
    "令牌列表",
    response_only=True,
    value={"items": [TOKEN], "page": 1, "pages": 1, "per_page": 20, "total": 1},
)
ASK_TOKEN = OpenApiExample(
    "三个月内有效",
    request_only=True,
    value={"name": "训练平台自动下单", "expires_at": "2027-02-23T00:00:00+08:00"},
)
MADE = OpenApiExample(
    "新令牌", response_only=True, value=TOKEN | {"token": "ncm_Jx2Vw0qZ（其余部分只显示一次）"}
)
BALANCE = OpenApiExample(
    "余额",
    response_only=True,
    value={
        "available": "7633.12",
        "paid": "7433.12",
        "gifted": "0.00",
        "promo": "200.00",
        "held": "2366.88",
        "currency": "CNY",
    },
)
STATEMENT = OpenApiExample(
    "充值后下单",
    response_only=True,
    value={
        "items": [
            {
                "id": "0199f3b3-51c4-7e0d-8b9a-6f2d1c7e3a58",
                "kind": "hold",
                "memo": "订单 O261123Q7F3A1B2",
                "at": "2026-11-23T21:06:12+08:00",
                "available_change": "-2366.88",
                "paid_change": "-2366.88",
                "gifted_change": "0.00",
                "promo_change": "0.00",
                "held_change": "2366.88",
                "available_after": "7633.12",
                "held_after": "2366.88",
            },
            {
                "id": "0199f3a8-20be-7b93-a4d1-5c8e9f0b6d37",
                "kind": "recharge",
                "memo": "账户充值 C261101T3S9J5R1",
                "at": "2026-11-23T20:59:00+08:00",
                "available_change": "10000.00",
                "paid_change": "10000.00",
                "gifted_change": "0.00",
                "promo_change": "0.00",
                "held_change": "0.00",
                "available_after": "10000.00",
                "held_after": "0.00",
            },
        ],
        "page": 1,
        "pages": 1,
        "per_page": 20,
        "total": 2,
    },
)
ASK_RECHARGE = OpenApiExample(
    "充值一万元", request_only=True, value={"amount": "10000.00", "method": "ALIPAY_QR"}
)
RECHARGE = OpenApiExample(
    "等待扫码",
    response_only=True,
    value={
        "id": "0199f3a7-6be2-7f34-9d05-1a4c8b7e2f90",
        "number": "P261123D5R1T3S9",
        "method": "ALIPAY_QR",
        "state": "OPEN",
        "amount": "10000.00",
        "currency": "CNY",
        "redirect_url": None,
        "qr_content": "https://qr.alipay.com/bax07351bz8kqmf2",
        "created_at": "2026-11-23T20:58:40+08:00",
        "expires_at": "2026-11-23T21:28:40+08:00",
        "paid_at": None,
        "refunded": "0.00",
    },
)
