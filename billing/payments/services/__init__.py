"""The only writes of payments, by noun: accounts, intents, notifications, refunds."""
