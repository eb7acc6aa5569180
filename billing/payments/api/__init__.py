"""How a payment is written in the API; its routes belong to what is paid for."""
