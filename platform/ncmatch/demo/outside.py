"""Introduces the demo to the sandbox: what each supplier sells, and our key for text messages."""

from __future__ import annotations

from typing import Any

import httpx
from django.conf import settings

from shared_apps.catalog.models import Plan


def url(path: str) -> str:
    if not settings.SANDBOX_URL:
        raise RuntimeError("沙箱没有运行：请先执行 manage.py services up --app。")
    return f"{settings.SANDBOX_URL}{path}"


def call(method: str, path: str, body: dict[str, Any]) -> Any:
    # Straight to this machine, whatever proxy the environment names.
    with httpx.Client(trust_env=False, timeout=20) as client:
        answer = client.request(method, url(path), json=body)
    answer.raise_for_status()
    return answer.json()


def offer_at_broker(*, slug: str, username: str, password: str, plans: list[Plan]) -> str:
    """Tells a supplier's broker what it sells; returns the broker's address."""
    answer = call(
        "PUT",
        f"/admin/suppliers/{slug}/catalog",
        {
            "username": username,
            "password": password,
            "plans": [
                {
                    "sku": plan.offering.sku,
                    "plan_id": str(plan.public_id),
                    "name": f"{plan.offering.sku}-{plan.kind.lower()}",
                    "gpu": str(plan.offering.gpu_model or ""),
                    "gpu_count": plan.offering.gpu_count,
                    "vcpu": plan.offering.vcpu,
                    "ram_gb": float(plan.offering.ram_gb) if plan.offering.ram_gb else None,
                }
                for plan in plans
            ],
        },
    )
    return str(answer["url"])


MESSAGES = {
    "code": "您在${shop}的验证码是 ${code}，5 分钟内有效。请勿告诉他人。",
    "unknown_account": "您的号码在${shop}还没有账号，请先注册。如非本人操作，请忽略。",
    "account_exists": "您的号码在${shop}已有账号，请直接登录。如非本人操作，请忽略。",
    "notice": "${shop}：${title}。请登录查看详情。",
}


def open_sms() -> None:
    """Registers our key for text messages, and the texts that were approved."""
    call(
        "POST",
        "/admin/sms/keys",
        {
            "access_key_id": settings.SMS_ACCESS_KEY_ID,
            "access_key_secret": settings.SMS_ACCESS_KEY_SECRET,
        },
    )
    for name, text in MESSAGES.items():
        call("PUT", f"/admin/sms/templates/{settings.SMS_TEMPLATES[name]}", {"text": text})
