"""Brings the shared plane, the template and every distributor's schema to the newest migrations."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from shared_apps.distributors.models import Distributor
from shared_apps.kernel import roles, schemas, tenancy


class Command(BaseCommand):
    help = __doc__ or ""
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--quiet", action="store_true")

    def handle(self, *args: Any, quiet: bool = False, **options: Any) -> None:
        with tenancy.owner():
            roles.ensure()
            schemas.migrate(tenancy.PUBLIC)
            schemas.migrate(tenancy.TEMPLATE)
            schemas.apply_shared_access()
            newest = schemas.applied(tenancy.TEMPLATE)
            tenancy.link().set_schema_to_public()
            fleet = list(
                Distributor.objects.order_by("depth").values_list("schema_name", flat=True)
            )
            behind = [schema for schema in fleet if schemas.applied(schema) != newest]
            for schema in behind:
                schemas.migrate(schema)
                schemas.apply_tenant_access(schema)
        if not quiet:
            self.stdout.write(f"{len(fleet)} 个分销商，其中 {len(behind)} 个已更新到最新结构。")
