from __future__ import annotations

from django_tenants.models import DomainMixin, TenantMixin


class Client(TenantMixin):
    class Meta:
        app_label = "tenants"
        db_table = "bench_client"
        managed = False


class Domain(DomainMixin):
    class Meta:
        app_label = "tenants"
        db_table = "bench_domain"
        managed = False
