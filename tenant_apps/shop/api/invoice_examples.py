from typing import Any

from drf_spectacular.utils import OpenApiExample

TITLE_ID = "0199f3d1-2a60-7c11-9b42-0f3e5d7a8c90"
CONSUMED = "0199f3d0-7b15-7e08-8a31-6c9d2f4b1e57"
INVOICE: dict[str, Any] = {
    "id": "0199f3d4-91c2-7f6a-b7d0-3e8a5c1f2b64",
    "number": "F261123M4T8W2Z6",
    "kind": "GENERAL",
    "color": "BLUE",
    "state": "REQUESTED",
    "name": "某某科技有限公司",
    "tax_number": "91350100M000100Y43",
    "amount": "2366.88",
    "net": "2232.91",
    "tax": "133.97",
    "reversed": "0.00",
    "currency": "CNY",
    "tax_code": "",
    "tax_invoice_number": "",
    "issued_on": None,
    "reason": "",
    "asked_at": "2026-11-23T22:10:00+08:00",
    "decided_at": None,
}
LINE = {
    "name": "A100 SXM4 80 GB × 8 · Lambda",
    "tax_item": "信息技术服务*算力服务",
    "tax_rate": "6",
    "amount": "2366.88",
    "net": "2232.91",
    "tax": "133.97",
}
WHOLE = INVOICE | {"reverses_id": None, "lines": [LINE]}
TITLE = {
    "title_kind": "COMPANY",
    "name": "某某科技有限公司",
    "tax_number": "91350100M000100Y43",
    "bank_name": "",
    "bank_account": "",
    "address": "",
    "phone": "",
    "is_default": True,
}
PAGE = {"page": 1, "pages": 1, "per_page": 20, "total": 1}

ASK = OpenApiExample(
    "为一项消费申请普通发票",
    request_only=True,
    value={
        "title_id": TITLE_ID,
        "kind": "GENERAL",
        "consumption_ids": [CONSUMED],
        "email": "cw@example.com",
    },
)
ASKED = OpenApiExample("待开票", response_only=True, value=WHOLE)
LISTED = OpenApiExample("发票列表", response_only=True, value={"items": [INVOICE], **PAGE})
INVOICEABLE = OpenApiExample(
    "还可开票的消费",
    response_only=True,
    value={
        "items": [
            {
                "id": CONSUMED,
                "name": LINE["name"],
                "order_id": "0199f3b2-0b7d-7f10-a3c5-5e2d9b8c1a44",
                "order_number": "O261123Q7F3A1B2",
                "consumed_at": "2026-11-23T21:06:40+08:00",
                "tax_rate": "6",
                "amount": "2366.88",
                "currency": "CNY",
            }
        ],
        **PAGE,
    },
)
WITHDRAWN = OpenApiExample(
    "已撤回",
    response_only=True,
    value=WHOLE | {"state": "WITHDRAWN", "decided_at": "2026-11-23T22:12:00+08:00"},
)
KEEP_TITLE = OpenApiExample("企业抬头", request_only=True, value=TITLE)
TITLE_KEPT = OpenApiExample("已保存", response_only=True, value={"id": TITLE_ID, **TITLE})
TITLES = OpenApiExample(
    "抬头列表", response_only=True, value={"items": [{"id": TITLE_ID, **TITLE}], **PAGE}
)
FILE = OpenApiExample(
    "发票文件", response_only=True, media_type="application/pdf", value="%PDF-1.7 …"
)
