"""The only writes of carts and orders, by noun: cart, placing, paying, lines."""
