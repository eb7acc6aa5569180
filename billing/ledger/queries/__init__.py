"""Reading the books. Bounds in time are half-open: `until` itself is not in.

Every reading can be asked by when things happened (`effective_until`) and by what the books knew
(`recorded_until`); with neither it is everything as known now.
"""

from .balances import PartyBalance, balance, party_balances
from .chart import AccountRow, accounts, journals, rule_names
from .journal import EntryDetail, PostingLine, entries, entry_detail
from .lines import LedgerLine, LedgerPage, ledger_lines
from .statements import PartyStatement, StatementLine, party_holdings, party_statement
from .trial import TrialBalance, TrialRow, trial_balance

__all__ = [
    "AccountRow",
    "EntryDetail",
    "LedgerLine",
    "LedgerPage",
    "PartyBalance",
    "PartyStatement",
    "PostingLine",
    "StatementLine",
    "TrialBalance",
    "TrialRow",
    "accounts",
    "balance",
    "entries",
    "entry_detail",
    "journals",
    "ledger_lines",
    "party_balances",
    "party_holdings",
    "party_statement",
    "rule_names",
    "trial_balance",
]
