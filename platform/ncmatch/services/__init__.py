"""PostgreSQL, Valkey and our own processes, started from what pip installed.

Needs no Django: settings ask it for addresses, tests start private clusters with it
(`ncmatch.services.cluster.Cluster(folder).up()`).
"""

from ncmatch.services.runtime import addresses, sandbox_smtp_port, sandbox_url, web_port

__all__ = ["addresses", "sandbox_smtp_port", "sandbox_url", "web_port"]
