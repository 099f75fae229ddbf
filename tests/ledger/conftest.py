"""The stores of the store's tests, each empty; and a service that keeps a ledger."""

from tests.http.conftest import house, settings
from tests.store.conftest import log, postgres_store, sqlite_store, store

__all__ = ["house", "log", "postgres_store", "settings", "sqlite_store", "store"]
