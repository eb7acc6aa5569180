"""A small country: the operator, three regions, their children and grandchildren, and real offers."""
