"""A customer's balance is moved by one transaction at a time; each takes this lock before any other of it.

So the order is: what the money is for (order, payment), the hold, the balance, then the books and the lots.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import CharField, F, Func

from .enums import LotKind
from .errors import HoldNotActive
from .models import Hold
from .taking import Usable


def lock_balance(customer_id: UUID) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT public.balances_lock(%s)", [customer_id])


def usable_lots(customer_id: UUID, at: datetime) -> list[Usable]:
    """Locks the balance, and gives the lots that can be spent now, in the order of use. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, kind, left_minor, origin_id FROM public.balances_usable(%s, %s)",
            [customer_id, at],
        )
        return [
            Usable(lot_id, LotKind(kind), left, origin)
            for lot_id, kind, left, origin in cursor.fetchall()
        ]


def locked_hold(subject_id: UUID, state: str) -> Hold:
    """The hold in this state, locked with its customer's balance. One statement."""
    lock = Func(F("customer_id"), function="public.balances_lock", output_field=CharField())
    hold = Hold.objects.annotate(locked=lock).select_for_update().get(subject_id=subject_id)
    if hold.state != state:
        raise HoldNotActive
    return hold
