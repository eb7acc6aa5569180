"""Writing the books. Business code says what happened; the distributor's own rules say how it is booked."""

from .accounts import map_party as map_party
from .accounts import open_account as open_account
from .accounts import rename_account as rename_account
from .accounts import set_account_active as set_account_active
from .along import Along as Along
from .opening import open_books as open_books
from .periods import open_period as open_period
from .periods import set_period_state as set_period_state
from .posting import post_event as post_event
from .posting import post_events as post_events
from .posting import reverse as reverse
from .rules import discard as discard
from .rules import draft as draft
from .rules import move_rule as move_rule
from .rules import remove_rule as remove_rule
from .rules import save_rule as save_rule
from .rules import switch_off as switch_off
from .rules import switch_on as switch_on
from .rules import withdraw as withdraw
from .vouchers import ask_reversal as ask_reversal
from .vouchers import ask_voucher as ask_voucher
from .vouchers import discard_voucher as discard_voucher
from .vouchers import save_voucher as save_voucher
from .vouchers import take_back as take_back
