"""Quotes, the cart, orders and how they are paid."""
