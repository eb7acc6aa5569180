"""Suppliers: one Open Service Broker per supplier, on the openbrokerapi library."""
