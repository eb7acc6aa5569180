"""The worker. Its schedule only looks at the shared plane: its cost does not grow with the tenants."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ncmatch.settings.dev")

app = Celery("ncmatch")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.beat_schedule = {
    "relay": {"task": "shared_apps.outbox.tasks.relay", "schedule": 1.0},
    "reconcile": {"task": "billing.reconciliation.tasks.reconcile_all", "schedule": 1800.0},
    "fold": {"task": "billing.ledger.tasks.fold_all", "schedule": 600.0},
    "book": {"task": "billing.settlement.tasks.book_pending", "schedule": 2.0},
}


def nudge() -> None:
    """Asks for the relay now; if the broker is away, the schedule finds the event a little later."""
    app.send_task("shared_apps.outbox.tasks.relay", retry=False, expires=10)
