"""Remember: state in memory with indexes, SQLite as the durable record. See docs/design/store.md."""

from __future__ import annotations

from shipway.store.store import Change, Reads, State, Store, Transaction

__all__ = ["Change", "Reads", "State", "Store", "Transaction"]
