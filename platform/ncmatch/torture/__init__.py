"""People shop while everything goes wrong around them; then the money is counted.

A round: customers recharge, buy, cancel and give back over HTTP, all at once, while processes are
killed and the world outside answers late, twice, falsely or not at all. When the noise is over and
all work is done, what the books say must be what the providers say and what the suppliers run.
"""
