"""A project as django-tenants' manual says to set one up."""
