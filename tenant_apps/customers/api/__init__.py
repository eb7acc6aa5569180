"""A customer's own part of the API: who they are, their tokens, their money."""
