"""What every app's API is made of: amounts, pages and checked input."""
