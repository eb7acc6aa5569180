"""The proof of the books: for every pair of parties and any moment, to the fen,

    debtor's payable = Σ obligations − Σ not yet booked = creditor's receivable (where it keeps books here)

and nobody was forgotten who has to book, and every ledger balances, and what customers have and have set
aside is what lots and holds say. All is read in one repeatable-read snapshot on the owner's connection, so that
sales may go on meanwhile.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from shared_apps.kernel import clock
from shared_apps.kernel.money import Money


@dataclass(frozen=True, slots=True)
class Difference:
    what: str
    where: str
    expected_minor: int
    found_minor: int

    @property
    def minor(self) -> int:
        return self.found_minor - self.expected_minor

    def __str__(self) -> str:
        return (
            f"{self.where}：{self.what} 应为 {Money(self.expected_minor)} 元，"
            f"账上为 {Money(self.found_minor)} 元，相差 {Money(self.minor)} 元"
        )


@dataclass(slots=True)
class Proof:
    at: datetime
    distributors: int = 0
    entries: int = 0
    obligations: int = 0
    pairs: int = 0
    obliged_minor: int = 0
    in_transit: int = 0
    in_transit_minor: int = 0
    differences: list[Difference] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.differences

    def as_json(self) -> dict[str, Any]:
        return {
            "ok": self.ok,
            "at": self.at.isoformat(),
            "distributors": self.distributors,
            "entries": self.entries,
            "obligations": self.obligations,
            "pairs": self.pairs,
            "obliged_minor": self.obliged_minor,
            "in_transit": self.in_transit,
            "in_transit_minor": self.in_transit_minor,
            "difference_minor": sum(abs(d.minor) for d in self.differences),
            "differences": [asdict(d) | {"minor": d.minor} for d in self.differences[:100]],
        }


Pair = tuple[UUID, UUID]  # (debtor, creditor), by public id


def prove(*, at: datetime) -> Proof:
    """Checks all books as they were recorded at `at`. Must stand on the owner's connection.

    One snapshot; seven statements for the shared plane and eleven for each distributor.
    """
    proof = Proof(at=at)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        members = _rows(
            cursor,
            "SELECT public_id, schema_name, name FROM public.distributors_distributor ORDER BY depth, slug",
        )
        names = {row[0]: row[2] for row in members}
        names |= dict(
            _rows(
                cursor,
                "SELECT public_id, coalesce(nullif(name_zh, ''), name) FROM public.suppliers_supplier",
            )
        )
        obliged = _obliged(cursor, proof)
        _prove_bookings(cursor, proof)
        _prove_refunds(cursor, proof)
        waiting = {side: _waiting(cursor, proof, side) for side in ("DEBTOR", "CREDITOR")}
        payable: dict[Pair, int] = {}
        receivable: dict[Pair, int] = {}
        for public_id, schema, name in members:
            proof.distributors += 1
            _prove_ledger(cursor, proof, schema, name)
            _prove_sums(cursor, proof, schema, name)
            _prove_holds(cursor, proof, schema, name)
            _prove_credit(cursor, proof, schema, name)
            _prove_lots(cursor, proof, schema, name)
            for party, minor in _by_party(cursor, schema, "2202", "CREDIT", at).items():
                payable[public_id, party] = minor
            for party, minor in _by_party(cursor, schema, "1122", "DEBIT", at).items():
                receivable[party, public_id] = minor
    tenants = {row[0] for row in members}
    for pair in sorted(obliged.keys() | payable.keys() | receivable.keys()):
        proof.pairs += 1
        debtor, creditor = (names.get(party, str(party)) for party in pair)
        owed = obliged.get(pair, 0)
        _compare(
            proof,
            f"{debtor} → {creditor}",
            "应付账款",
            owed - waiting["DEBTOR"][pair],
            payable.get(pair, 0),
        )
        if pair[1] in tenants:
            _compare(
                proof,
                f"{debtor} → {creditor}",
                "应收账款",
                owed - waiting["CREDITOR"][pair],
                receivable.get(pair, 0),
            )
    return proof


def _compare(proof: Proof, where: str, what: str, expected: int, found: int) -> None:
    if expected != found:
        proof.differences.append(Difference(what, where, expected, found))


def _rows(cursor: Any, sql: str, params: list[Any] | None = None) -> list[tuple[Any, ...]]:
    cursor.execute(sql, params)
    rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


_PAIR = """
  FROM public.settlement_obligation o
  JOIN public.distributors_distributor d ON d.id = o.debtor_id
  LEFT JOIN public.distributors_distributor c ON c.id = o.creditor_id
  LEFT JOIN public.suppliers_supplier s ON s.id = o.supplier_id
"""


def _obliged(cursor: Any, proof: Proof) -> dict[Pair, int]:
    rows = _rows(
        cursor,
        f"SELECT d.public_id, coalesce(c.public_id, s.public_id), sum(o.amount_minor), count(*) {_PAIR} "
        "WHERE o.recorded_at <= %s GROUP BY 1, 2",
        [proof.at],
    )
    proof.obligations = sum(int(row[3]) for row in rows)
    obliged = {(row[0], row[1]): int(row[2]) for row in rows}
    proof.obliged_minor = sum(obliged.values())
    return obliged


def _prove_bookings(cursor: Any, proof: Proof) -> None:
    """Each party to an obligation that keeps books here has its duty to book it, once."""
    rows = _rows(
        cursor,
        f"""SELECT d.name, coalesce(c.name, nullif(s.name_zh, ''), s.name), sum(abs(o.amount_minor)) {_PAIR}
              CROSS JOIN LATERAL (VALUES ('DEBTOR', o.debtor_id), ('CREDITOR', o.creditor_id)) AS duty(side, party)
             WHERE o.recorded_at <= %s AND duty.party IS NOT NULL AND NOT EXISTS (
                   SELECT FROM public.settlement_booking b
                    WHERE b.obligation_id = o.id AND b.side = duty.side AND b.party_id = duty.party)
             GROUP BY 1, 2""",
        [proof.at],
    )
    for debtor, creditor, minor in rows:
        _compare(proof, f"{debtor} → {creditor}", "无记账任务的往来", 0, int(minor))


def _prove_refunds(cursor: Any, proof: Proof) -> None:
    """What each sale says was taken back of it is the sum of its negated copies."""
    rows = _rows(
        cursor,
        f"""SELECT d.name, coalesce(c.name, nullif(s.name_zh, ''), s.name),
                   sum(back.minor), sum(o.refunded_minor) {_PAIR}
              CROSS JOIN LATERAL (SELECT coalesce(-sum(r.amount_minor), 0) AS minor
                                    FROM public.settlement_obligation r WHERE r.reverses_id = o.id) AS back
             WHERE o.kind = 'SALE' AND o.refunded_minor <> back.minor GROUP BY 1, 2""",
    )
    for debtor, creditor, expected, found in rows:
        _compare(proof, f"{debtor} → {creditor}", "已冲减合计", int(expected), int(found))


def _waiting(cursor: Any, proof: Proof, side: str) -> dict[Pair, int]:
    """What was recorded by then but booked later or not yet: in transit."""
    rows = _rows(
        cursor,
        f"SELECT d.public_id, coalesce(c.public_id, s.public_id), sum(o.amount_minor), count(*) {_PAIR} "
        "JOIN public.settlement_booking b ON b.obligation_id = o.id AND b.side = %s "
        "WHERE o.recorded_at <= %s AND (b.booked_at IS NULL OR b.booked_at > %s) GROUP BY 1, 2",
        [side, proof.at, proof.at],
    )
    proof.in_transit += sum(int(row[3]) for row in rows)
    proof.in_transit_minor += sum(int(row[2]) for row in rows)
    return defaultdict(int, {(row[0], row[1]): int(row[2]) for row in rows})


def _by_party(cursor: Any, schema: str, code: str, normal: str, at: datetime) -> dict[UUID, int]:
    """What stands under a control account and those that parties are mapped to, less what finance wrote by hand:
    a voucher is finance's own word, and no obligation speaks of it.
    """
    rows = _rows(
        cursor,
        f"""SELECT a.party_id, sum(CASE WHEN p.direction = %s THEN p.amount_minor ELSE -p.amount_minor END)
              FROM "{schema}".ledger_posting p
              JOIN "{schema}".ledger_entry e ON e.id = p.entry_id
              JOIN "{schema}".ledger_account a ON a.id = p.account_id
              JOIN "{schema}".ledger_account control ON control.id = a.parent_id
             WHERE (control.code = %s OR control.id IN (
                    SELECT m.account_id FROM "{schema}".ledger_partyaccount m
                      JOIN "{schema}".ledger_account named ON named.id = m.control_id AND named.code = %s))
               AND e.source NOT LIKE 'voucher:%%' AND e.recorded_at <= %s
             GROUP BY a.party_id""",
        [normal, code, code, at],
    )
    return {UUID(row[0]): int(row[1]) for row in rows}


def _prove_ledger(cursor: Any, proof: Proof, schema: str, name: str) -> None:
    """Each entry balances, and so does the whole."""
    ((entries, debit, credit),) = _rows(
        cursor,
        f"""SELECT count(DISTINCT e.id),
                   coalesce(sum(p.amount_minor) FILTER (WHERE p.direction = 'DEBIT'), 0),
                   coalesce(sum(p.amount_minor) FILTER (WHERE p.direction = 'CREDIT'), 0)
              FROM "{schema}".ledger_posting p JOIN "{schema}".ledger_entry e ON e.id = p.entry_id
             WHERE e.recorded_at <= %s""",
        [proof.at],
    )
    proof.entries += int(entries)
    _compare(proof, name, "贷方合计", int(debit), int(credit))
    ((lopsided,),) = _rows(
        cursor,
        f"""SELECT coalesce(sum(abs(gap)), 0) FROM (
              SELECT sum(CASE WHEN direction = 'DEBIT' THEN amount_minor ELSE -amount_minor END) AS gap
                FROM "{schema}".ledger_posting GROUP BY entry_id) AS each""",
    )
    _compare(proof, name, "不平的分录", 0, int(lopsided))


def _prove_sums(cursor: Any, proof: Proof, schema: str, name: str) -> None:
    """Folded sums, by days and by months, are what was posted up to their mark."""
    rows = _rows(
        cursor,
        f"""WITH posted AS (
                SELECT p.account_id,
                       sum(CASE p.direction WHEN 'DEBIT' THEN p.amount_minor ELSE -p.amount_minor END) AS minor
                  FROM "{schema}".ledger_posting p
                 WHERE p.entry_id <= (SELECT m.entry_id FROM "{schema}".ledger_foldmark m) GROUP BY 1
            ), folded AS (
                SELECT f.account_id, sum(f.debit_minor - f.credit_minor) FILTER (WHERE f.monthly) AS months,
                       sum(f.debit_minor - f.credit_minor) FILTER (WHERE NOT f.monthly) AS days
                  FROM "{schema}".ledger_foldedsum f GROUP BY 1
            )
            SELECT a.code, coalesce(p.minor, 0),
                   CASE WHEN f.days IS DISTINCT FROM p.minor THEN coalesce(f.days, 0) ELSE coalesce(f.months, 0) END
              FROM posted p FULL JOIN folded f USING (account_id)
              JOIN "{schema}".ledger_account a ON a.id = coalesce(p.account_id, f.account_id)
             WHERE (f.days, f.months) IS DISTINCT FROM (p.minor, p.minor)""",
    )
    for code, posted, folded in rows:
        _compare(proof, f"{name} {code}", "累计发生额", int(posted), int(folded))


def _prove_holds(cursor: Any, proof: Proof, schema: str, name: str) -> None:
    """What customers have set aside, by the holds' rows, is what stands in the frozen accounts."""
    ((held,),) = _rows(
        cursor,
        f"""SELECT coalesce(sum(amount_minor), 0) FROM "{schema}".balances_hold
             WHERE created_at <= %s AND (ended_at IS NULL OR ended_at > %s)""",
        [proof.at, proof.at],
    )
    frozen = sum(_by_party(cursor, schema, "220302", "CREDIT", proof.at).values())
    _compare(proof, name, "客户冻结款", int(held), frozen)


def _prove_credit(cursor: Any, proof: Proof, schema: str, name: str) -> None:
    """What customers owe by their credit's rows is what the books say they owe; as it is now."""
    ((used, billed),) = _rows(
        cursor,
        f"""SELECT (SELECT coalesce(sum(used_minor), 0) FROM "{schema}".metering_creditline),
                   (SELECT coalesce(sum(credit_minor - repaid_minor), 0) FROM "{schema}".metering_bill)""",
    )
    owed = sum(_by_party(cursor, schema, "1124", "DEBIT", clock.now()).values())
    _compare(proof, name, "应收客户款", int(used), owed)
    _compare(proof, name, "账单待还合计", int(used), int(billed))


def _prove_lots(cursor: Any, proof: Proof, schema: str, name: str) -> None:
    """Customer by customer, what lots say is what the books say, whatever accounts the shop keeps it in;
    each event's amounts are those of the lots that it moved; and lots and holds are the sum of their uses."""
    traced = dict(
        _rows(
            cursor,
            f"""SELECT u.customer_id, sum(u.free_change + u.held_change)
                  FROM "{schema}".balances_lotuse u JOIN "{schema}".ledger_entry e ON e.id = u.entry_id
                 WHERE e.recorded_at <= %s GROUP BY u.customer_id""",
            [proof.at],
        )
    )
    booked = dict(
        _rows(
            cursor,
            f"""SELECT a.party_id::uuid,
                       sum(CASE WHEN p.direction = 'CREDIT' THEN p.amount_minor ELSE -p.amount_minor END)
                  FROM "{schema}".ledger_account a
                  JOIN "{schema}".ledger_posting p ON p.account_id = a.id
                  JOIN "{schema}".ledger_entry e ON e.id = p.entry_id
                 WHERE a.party_kind = 'CUSTOMER' AND a.kind = 'LIABILITY' AND e.recorded_at <= %s
                 GROUP BY 1""",
            [proof.at],
        )
    )
    for customer in sorted(traced.keys() | booked.keys()):
        expected, found = int(traced.get(customer, 0)), int(booked.get(customer, 0))
        _compare(proof, f"{name} · {customer}", "客户余额", expected, found)
    ((misnamed,),) = _rows(
        cursor,
        f"""SELECT coalesce(sum(abs(u.minor - coalesce((e.facts #>> ARRAY['amounts', u.kind, '0'])::bigint, 0))), 0)
              FROM (
                SELECT u.entry_id, sum(u.amount_minor) AS minor,
                       CASE l.kind WHEN 'PAID' THEN 'amount' ELSE lower(l.kind) END AS kind
                  FROM "{schema}".balances_lotuse u JOIN "{schema}".balances_lot l ON l.id = u.lot_id
                 GROUP BY u.entry_id, l.kind) u
              JOIN "{schema}".ledger_entry e ON e.id = u.entry_id""",
    )
    _compare(proof, name, "余额来源与入账金额的差额", 0, int(misnamed))
    ((astray,),) = _rows(
        cursor,
        f"""SELECT coalesce(sum(abs(l.left_minor - u.free) + abs(l.held_minor - u.held)), 0)
              FROM "{schema}".balances_lot l
              CROSS JOIN LATERAL (
                SELECT coalesce(sum(free_change), 0) AS free, coalesce(sum(held_change), 0) AS held
                  FROM "{schema}".balances_lotuse WHERE lot_id = l.id) u""",
    )
    _compare(proof, name, "余额批次与其使用记录的差额", 0, int(astray))
    ((untraced,),) = _rows(
        cursor,
        f"""SELECT coalesce(sum(abs(h.amount_minor - u.held)), 0)
              FROM "{schema}".balances_hold h
              CROSS JOIN LATERAL (
                SELECT coalesce(sum(amount_minor), 0) AS held
                  FROM "{schema}".balances_lotuse WHERE hold_id = h.id AND way = 'HOLD') u""",
    )
    _compare(proof, name, "冻结款与其批次的差额", 0, int(untraced))
