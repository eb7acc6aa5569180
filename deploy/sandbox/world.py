"""What all parts of the sandbox share: settings, state, faults, and its own address."""

from __future__ import annotations

from dataclasses import dataclass, field

from .config import Config
from .faults import Faults
from .store import Store


@dataclass(slots=True)
class World:
    config: Config
    store: Store
    faults: Faults
    url: str = ""
    smtp_port: int = 0
    nonces: set[str] = field(default_factory=set)
    bills: dict[str, bytes] = field(
        default_factory=dict
    )  # made ready, by the token that fetches them

    @classmethod
    def build(cls, config: Config) -> World:
        store = Store(config.data / "sandbox.sqlite3")
        return cls(config=config, store=store, faults=Faults(store), url=config.public_url)
