from shared_apps.kernel import tenancy


def key(key: str, prefix: str, version: int) -> str:
    """Puts the tenant into every cache key, so that no value can be read on another site."""
    return f"{tenancy.current() or tenancy.PUBLIC}:{prefix}:{version}:{key}"
