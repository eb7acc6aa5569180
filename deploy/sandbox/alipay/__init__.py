"""The payment provider: gateway, cashier, notifications."""
