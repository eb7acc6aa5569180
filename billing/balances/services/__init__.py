"""The only writes of balances, by noun: lots, holds."""
