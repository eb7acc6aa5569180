"""The only writes of balances, by noun: holds."""
