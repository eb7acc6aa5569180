"""What a customer has: resources, and how to enter them."""
