"""One contender: `python -m ncmatch.bench.ledger NAME`, started by `clients.program`."""

import sys

from ncmatch.bench.ledger.clients import serve

serve(sys.argv[1])
