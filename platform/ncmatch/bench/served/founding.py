"""Founds the distributors that the benchmark's requests go to; prints their schemas as JSON.

Run as a process of its own, under our settings and on the benchmark's own database.
"""

from __future__ import annotations

import json
import sys

import django


def found(hosts: list[str]) -> dict[str, str]:
    """Host → schema. The first is the operator, the others are its children."""
    from django.core.management import call_command

    from shared_apps.distributors import services
    from shared_apps.distributors.models import Distributor
    from shared_apps.kernel import clock, tenancy

    call_command("migrate_fleet", quiet=True)
    schemas: dict[str, str] = {}
    root: Distributor | None = None
    with tenancy.owner():
        for number, host in enumerate(hosts):
            made = services.found(
                slug=f"bench{number}",
                name=f"Bench {number}",
                parent=root,
                hosts=[host],
                at=clock.now(),
            )
            root = root or made
            schemas[host] = made.schema_name
    return schemas


if __name__ == "__main__":
    django.setup()
    sys.stdout.write(json.dumps(found(sys.argv[1:])) + "\n")
