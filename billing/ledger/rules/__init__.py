from .choosing import RuleLine as RuleLine
from .choosing import choose as choose
from .choosing import entry_of as entry_of
from .choosing import prove as prove
