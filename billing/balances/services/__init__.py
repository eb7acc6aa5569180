"""The only writes of balances, by noun: lots, holds, offline recharges, gifts, bank payouts."""
