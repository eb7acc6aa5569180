"""The one exception of this package; its text is meant for the person at the terminal."""


class ServiceError(Exception):
    """A service could not be started or stopped; says which, why and what to do."""
