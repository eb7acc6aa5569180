"""Stripe's side: checkout sessions, refunds, balance transactions, webhooks and the cashier."""
