"""The outside world, simulated: a payment provider, suppliers, text messages and mail.

One process on the loopback address, for demonstrations and tests. It imports nothing of the
project, keeps its state in one SQLite file, and can be told to misbehave.
"""
