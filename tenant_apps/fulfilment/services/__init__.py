"""The only writes of work orders and resources, by noun: opening, steps, resources."""
