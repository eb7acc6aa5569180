from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    ERROR = "ERROR"  # the row is not imported
    DUPLICATE = "DUPLICATE"  # the row says what another row said
    NOTE = "NOTE"  # the row is imported; something in it was put right or left open


SPOKEN = {Severity.ERROR: "未导入", Severity.DUPLICATE: "重复", Severity.NOTE: "说明"}


@dataclass(frozen=True, slots=True)
class Finding:
    line: int
    severity: Severity
    reason: str
    supplier: str = ""
    name: str = ""

    def as_json(self) -> dict[str, str | int]:
        return {
            "line": self.line,
            "severity": self.severity.value,
            "reason": self.reason,
            "supplier": self.supplier,
            "name": self.name,
        }

    def __str__(self) -> str:
        where = " ".join(filter(None, (self.supplier, self.name)))
        return f"第 {self.line} 行（{SPOKEN[self.severity]}）{where}：{self.reason}"
