"""News from below: a supplier's name, hub or state has changed."""

from typing import Any

from shared_apps.suppliers import queries as suppliers

from . import services


def supplier_changed(payload: dict[str, Any]) -> None:
    """Makes the offers' search words anew, so that a hub's name finds them. Safe to repeat."""
    services.reindex(supplier=suppliers.supplier(slug=str(payload["supplier"])))
