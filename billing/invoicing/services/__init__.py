"""Titles, consumption, requests, issuing: each a module of its own, each function one use case."""

from .consumption import record_consumption as record_consumption
from .consumption import record_return as record_return
from .delivery import deliver as deliver
from .issuing import Papers as Papers
from .issuing import issue as issue
from .issuing import reject as reject
from .requests import ask as ask
from .requests import withdraw as withdraw
from .reversing import reverse as reverse
from .titles import remove_title as remove_title
from .titles import save_title as save_title
