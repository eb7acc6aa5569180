"""What an API needs of people: their repeated requests take effect once."""
