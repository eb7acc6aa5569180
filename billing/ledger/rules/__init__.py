"""How an event becomes postings: what a rule may say, the proof that it balances, the choice, and the lines.

Nothing here reads the database.
"""

from .amounts import Form as Form
from .amounts import Part as Part
from .amounts import read_form as read_form
from .amounts import read_rate as read_rate
from .amounts import write_form as write_form
from .choosing import Book as Book
from .choosing import CompiledVersion as CompiledVersion
from .choosing import book_of as book_of
from .choosing import compile_version as compile_version
from .conditions import Condition as Condition
from .conditions import sound_conditions as sound_conditions
from .proof import RuleLine as RuleLine
from .proof import amounts_of as amounts_of
from .proof import given as given
from .proof import prove as prove
