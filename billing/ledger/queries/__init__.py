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
    "accounts",
    "journals",
    "rule_names",
    "EntryDetail",
    "LedgerLine",
    "LedgerPage",
    "PartyBalance",
    "PartyStatement",
    "PostingLine",
    "StatementLine",
    "TrialBalance",
    "TrialRow",
    "balance",
    "entries",
    "entry_detail",
    "ledger_lines",
    "party_balances",
    "party_holdings",
    "party_statement",
    "trial_balance",
]
