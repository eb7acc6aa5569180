"""What an import did, or would do; the same for a dry run, because it is made before anything is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .findings import Finding, Severity


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One thing that differs from what was there before."""

    what: str  # supplier | gpu_model | offer | price | fx_rate
    supplier: str
    sku: str
    before: str
    after: str

    def as_json(self) -> dict[str, str]:
        return {
            "what": self.what,
            "supplier": self.supplier,
            "sku": self.sku,
            "before": self.before,
            "after": self.after,
        }


@dataclass(frozen=True, slots=True)
class Vanished:
    supplier: str
    sku: str
    kind: str

    def as_json(self) -> dict[str, str]:
        return {"supplier": self.supplier, "sku": self.sku, "kind": self.kind}


@dataclass(frozen=True, slots=True)
class ImportReport:
    file_name: str
    sha256: str
    dry_run: bool
    rate: str
    rate_source: str
    rows: int
    imported: int
    suppliers_new: int
    suppliers_seen: int
    gpu_models_new: int
    gpu_models_changed: int
    offers_new: int
    offers_changed: int
    offers_unchanged: int
    prices_new: int
    prices_changed: int
    fx_rates_new: int
    changes: tuple[ChangeLine, ...] = field(repr=False)
    vanished: tuple[Vanished, ...] = field(repr=False)
    findings: tuple[Finding, ...] = field(repr=False)

    @property
    def change_count(self) -> int:
        return (
            self.suppliers_new
            + self.gpu_models_new
            + self.gpu_models_changed
            + self.offers_new
            + self.offers_changed
            + self.prices_new
            + self.prices_changed
            + self.fx_rates_new
        )

    def of(self, severity: Severity) -> list[Finding]:
        return [finding for finding in self.findings if finding.severity is severity]

    def counts(self) -> dict[str, int]:
        return {
            "rows": self.rows,
            "imported": self.imported,
            "duplicates": len(self.of(Severity.DUPLICATE)),
            "refused": len(self.of(Severity.ERROR)),
            "notes": len(self.of(Severity.NOTE)),
            "suppliers_seen": self.suppliers_seen,
            "suppliers_new": self.suppliers_new,
            "gpu_models_new": self.gpu_models_new,
            "gpu_models_changed": self.gpu_models_changed,
            "offers_new": self.offers_new,
            "offers_changed": self.offers_changed,
            "offers_unchanged": self.offers_unchanged,
            "prices_new": self.prices_new,
            "prices_changed": self.prices_changed,
            "fx_rates_new": self.fx_rates_new,
            "vanished": len(self.vanished),
            "changes": self.change_count,
        }

    def as_json(self) -> dict[str, Any]:
        return {
            "file": self.file_name,
            "sha256": self.sha256,
            "dry_run": self.dry_run,
            "rate": self.rate,
            "rate_source": self.rate_source,
            **self.counts(),
            "findings": [finding.as_json() for finding in self.findings],
            "changed": [change.as_json() for change in self.changes],
            "vanished_offers": [offer.as_json() for offer in self.vanished],
        }
