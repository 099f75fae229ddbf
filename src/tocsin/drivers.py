"""Which SQLite is used, how long a connection waits for a server that says nothing, and which locks
it may take there."""

from enum import IntEnum, unique
from importlib import import_module
from types import ModuleType
from typing import Any, Final


def _current_sqlite() -> ModuleType:
    """The bundled SQLite is current; a distribution's own may have the WAL-reset bug."""
    try:
        return import_module("pysqlite3")
    except ImportError:  # pragma: no cover - platforms without the wheel
        return import_module("sqlite3")


sqlite3: Final[Any] = _current_sqlite()

PATIENCE: Final = {
    "application_name": "tocsin",
    "connect_timeout": "5",
    # A peer that vanished without a word is noticed within 15 seconds, idle or busy.
    "keepalives": "1",
    "keepalives_idle": "5",
    "keepalives_interval": "3",
    "keepalives_count": "3",
    "tcp_user_timeout": "15000",
    # Of several hosts, only the primary: decisions on a replica's past would always be stale.
    "target_session_attrs": "read-write",
}
"""What the address of a PostgreSQL database may leave open."""

ABANDONED: Final = {
    "idle_in_transaction_session_timeout": "10s",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "3",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "15000",
}
"""What makes the server notice in its turn that we are gone, and let go of what we hold."""


@unique
class AdvisoryLock(IntEnum):
    """What whoever writes holds. All rooms share a database, and one may write while another does:
    each has a number of its own."""

    MIGRATION = int.from_bytes(b"tocsin", "big")
    KEYS = 7_236_401
    VAULT = 7_236_402
    ACCESS = 7_236_403
