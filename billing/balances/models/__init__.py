"""Balances: the lots of money and what happens to them, and what is asked for before it happens."""

from .lots import Hold as Hold
from .lots import Lot as Lot
from .lots import LotUse as LotUse
from .requests import BankPayout as BankPayout
from .requests import Gift as Gift
from .requests import OfflineRecharge as OfflineRecharge
