from drf_spectacular.utils import OpenApiExample

OFFER = {
    "id": "0199f3a0-5c1e-7a44-8d0b-1f6c2a9e4b10",
    "name": "A100 SXM4 80 GB × 8",
    "sku": "gpu_8x_a100_80gb_sxm4",
    "state": "ACTIVE",
    "buyable": True,
    "supplier": {"slug": "lambda", "name": "Lambda"},
    "hub": {"code": "guizhou", "name": "贵州枢纽", "basis": "DEMO"},
    "gpu": {
        "model": "A100",
        "name": "A100",
        "form": "SXM4",
        "vendor": "NVIDIA",
        "architecture": "Ampere",
        "count": 8,
        "memory_gb": 80,
        "memory_total_gb": 640,
        "fp32_tflops": "19.5",
    },
    "vcpu": 240,
    "vcpu_most": None,
    "ram_gb": "1800",
    "ram_gb_most": None,
    "plans": [
        {
            "id": "0199f3a0-5c1f-7d02-9a6e-77c40b1d2e35",
            "kind": "ON_DEMAND",
            "hourly": "98.62",
            "per_gpu_hourly": "12.33",
            "currency": "CNY",
        }
    ],
}
FOUND = OpenApiExample(
    "八卡 A100，每小时不超过 100 元",
    description="GET /api/v1/offers?q=8卡 A100 80G&price_max=100.00",
    response_only=True,
    value={
        "items": [OFFER],
        "page": 1,
        "pages": 1,
        "per_page": 20,
        "total": 1,
        "facets": {
            "gpu_models": [{"value": "A100", "label": "A100", "count": 1, "selected": False}],
            "gpu_counts": [{"value": 8, "label": "8", "count": 1, "selected": False}],
            "memories": [{"value": 80, "label": "80", "count": 1, "selected": False}],
            "suppliers": [{"value": "lambda", "label": "Lambda", "count": 1, "selected": False}],
            "hubs": [{"value": "guizhou", "label": "贵州枢纽", "count": 1, "selected": False}],
            "price_min": "98.62",
            "price_max": "294.88",
            "spot": 0,
        },
        "understood": {
            "terms": ["8卡", "80g", "a100"],
            "ignored": [],
            "gpu_count": 8,
            "memory_gb": 80,
            "hours": None,
        },
    },
)
ONE = OpenApiExample("一台八卡 A100", response_only=True, value=OFFER)
COMPARED = OpenApiExample(
    "比较",
    response_only=True,
    value={
        "offers": [OFFER],
        "facts": [
            {
                "key": "hourly",
                "label": "按需价",
                "unit": "元/小时",
                "values": ["98.62"],
                "best": [False],
                "differs": False,
            }
        ],
    },
)
