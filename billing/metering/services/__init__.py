"""The only writes of usage, charges, credit and bills, by noun."""
