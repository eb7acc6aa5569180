from drf_spectacular.utils import OpenApiExample

RESOURCE = {
    "id": "0199f3b5-2f3c-7a08-9c6d-4b1e8f7a5d20",
    "number": "R261123B8N4V6W7",
    "name": "A100 SXM4 80 GB × 8 · Lambda",
    "state": "RUNNING",
    "supplier": "Lambda",
    "hub": "贵州枢纽",
    "order_id": "0199f3b2-0b7d-7f10-a3c5-5e2d9b8c1a44",
    "order_number": "O261123Q7F3A1B2",
    "line_id": "0199f3b2-0b81-7c3e-8f20-6d4a7e5b9c01",
    "started_at": "2026-11-23T21:07:03+08:00",
    "ends_at": "2026-11-24T21:07:03+08:00",
    "ended_at": None,
}
LISTED = OpenApiExample(
    "资源列表",
    response_only=True,
    value={"items": [RESOURCE], "page": 1, "pages": 1, "per_page": 20, "total": 1},
)
ONE = OpenApiExample("运行中的资源", response_only=True, value=RESOURCE)
ACCESS = OpenApiExample(
    "访问方式",
    response_only=True,
    value={
        "host": "203.0.113.17",
        "port": 22,
        "username": "ubuntu",
        "password": "只在此处显示",
        "ssh_command": "ssh -p 22 ubuntu@203.0.113.17",
        "jupyter_url": "",
        "extra": {},
    },
)
