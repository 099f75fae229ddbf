"""Leases of any number of hosts: rows of a table, each with an end and a number.

Who holds one says every second that they live, and the database's own clock says when that was too
long ago: so a holder that is frozen, or whose line is dead, is followed by another one. Whose
session has ended is followed at once. Each who takes a lease gets a higher number than whoever had
it before, and writes only while that number stands.
"""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from threading import Event, RLock, Thread
from time import monotonic
from typing import Any, Final

from sqlalchemy import (
    CTE,
    BigInteger,
    Column,
    Connection,
    DateTime,
    Engine,
    Integer,
    MetaData,
    Table,
    Text,
    func,
    text,
    update,
)
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.schema import CreateTable

from tocsin.drivers import ABANDONED

logger = logging.getLogger(__name__)

LEASE_SECONDS = 3.0
"""So long after its holder last said that it lives, a lease is anybody's."""
BEAT_SECONDS = 0.75
"""How often that is said."""
STANDING: Final = "idle_in_transaction_session_timeout"
STANDSTILL: Final = "3s"
"""A holder that stands still in the middle of a page loses it, and what it had locked."""
NOBODY = -1
"""The number of a lease that is not held."""
LOCKED = "55P03"

LIVES = "clock_timestamp() + make_interval(secs => :seconds)"
OURSELVES = "pg_stat_get_activity(pg_backend_pid())"
FREE = """(l.expires_at <= clock_timestamp() OR NOT EXISTS (
    SELECT FROM pg_stat_get_activity(l.pid) a
    WHERE a.backend_start IS NULL OR a.backend_start = l.session_began_at))"""
"""Its time is over, or the session is gone in which its holder says that it lives."""
LOOK = "SELECT l.epoch, {free} FROM {table} l WHERE l.name = :name"
TAKE = """INSERT INTO {table} AS l (name, epoch, expires_at, pid, session_began_at)
    SELECT :name, 1, {lives}, me.pid, me.backend_start FROM {ourselves} me
    ON CONFLICT (name) DO UPDATE SET epoch = l.epoch + 1, expires_at = excluded.expires_at,
        pid = excluded.pid, session_began_at = excluded.session_began_at
    WHERE {free} RETURNING epoch"""
RENEW = """UPDATE {table} l SET expires_at = {lives}, pid = me.pid,
        session_began_at = me.backend_start
    FROM {ourselves} me, (SELECT name FROM {table} WHERE (name, epoch) IN (
        SELECT * FROM unnest(CAST(:names AS text[]), CAST(:epochs AS bigint[])))
        FOR NO KEY UPDATE SKIP LOCKED) mine
    WHERE l.name = mine.name RETURNING l.name"""
"""A row that is locked is being written under: that says by itself that its holder lives."""
HELD = "SELECT name, epoch FROM {table} WHERE name = ANY(:names)"
RELEASE = """UPDATE {table} SET expires_at = '-infinity' WHERE name = :name AND epoch = :epoch"""


@dataclass
class _Term:
    """A lease that is ours."""

    epoch: int
    until: float
    """By our clock it may be another's from then on."""


class Tenure:
    """What one process holds, and the thread that says that it lives."""

    def __init__(
        self, engine: Engine, schema: str, migrating: Callable[[], AbstractContextManager[Any]]
    ) -> None:
        self._engine, self._migrating = engine, migrating
        self.table = Table(
            "leases",
            MetaData(schema=schema),
            Column("name", Text, primary_key=True),
            Column("epoch", BigInteger, nullable=False),
            Column("expires_at", DateTime(timezone=True), nullable=False),
            Column("pid", Integer, nullable=False),
            Column("session_began_at", DateTime(timezone=True)),
        )
        parts = {
            "table": f"{schema}.leases", "free": FREE, "lives": LIVES, "ourselves": OURSELVES
        }  # fmt: skip
        self._look, self._take, self._renew, self._held, self._release = (
            text(each.format(**parts)) for each in (LOOK, TAKE, RENEW, HELD, RELEASE)
        )
        self._terms: dict[RowLease, _Term] = {}
        self._turn = RLock()
        self._session: Connection | None = None
        self._made = False
        self._stop = Event()
        self._thread: Thread | None = None

    def take(self, lease: "RowLease") -> bool:
        """Whether a lease is this one's, maybe only from now on."""
        term = self._terms.get(lease)
        if term is not None and monotonic() < term.until:
            return True
        self._terms.pop(lease, None)
        with self._turn:
            began = monotonic()
            found = self._ask(self._look, name=lease.name).first()
            if found is not None and not found[1]:
                return False
            try:
                epoch = self._ask(self._take, name=lease.name, seconds=LEASE_SECONDS).scalar()
            except OperationalError as error:
                if getattr(error.orig, "sqlstate", "") == LOCKED:
                    return False
                raise
            if epoch is None:
                return False
            self._terms[lease] = _Term(epoch, began + LEASE_SECONDS)
            self._begin()
        return True

    def release(self, lease: "RowLease") -> None:
        """Let somebody else have it: at once, or when its time is over if nobody can be told."""
        if (term := self._terms.pop(lease, None)) is not None:
            try:
                with self._turn:
                    self._ask(self._release, name=lease.name, epoch=term.epoch)
            except DBAPIError as error:
                logger.warning("the lease of %s is left to run out: %s", lease.name, error.orig)

    def fence(self, lease: "RowLease", limit: str) -> CTE:
        """The row of a lease while it is ours: to find it also says that its holder lives."""
        term, leases = self._terms.get(lease), self.table.c
        lives = func.clock_timestamp() + func.make_interval(0, 0, 0, 0, 0, 0, LEASE_SECONDS)
        epoch = term.epoch if term is not None else NOBODY
        ours = update(self.table).where(leases.name == lease.name, leases.epoch == epoch)
        still = func.set_config(STANDING, limit, True)
        return ours.values(expires_at=lives).returning(still.label("still")).cte("lease")

    def close(self) -> None:
        """Hold nothing any more: the session ends, and all can be taken at once."""
        self._stop.set()
        with self._turn:
            self._terms.clear()
            self._drop()

    def _begin(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._stop.clear()
            self._thread = Thread(target=self._keep, name="tocsin-leases", daemon=True)
            self._thread.start()

    def _keep(self) -> None:
        while not self._stop.wait(BEAT_SECONDS) and self._terms:
            try:
                self._beat()
            except DBAPIError as error:
                logger.warning("leases cannot be renewed now: %s", error.orig)

    def _beat(self) -> None:
        with self._turn:
            terms, began = dict(self._terms), monotonic()
            if not terms:
                return
            names, epochs = zip(*((each.name, t.epoch) for each, t in terms.items()), strict=True)
            more = {"names": [*names], "epochs": [*epochs], "seconds": LEASE_SECONDS}
            self._ask(self._renew, **more)
            held = dict(map(tuple, self._ask(self._held, names=[*names])))
        for lease, term in terms.items():
            if held.get(lease.name) == term.epoch:
                term.until = began + LEASE_SECONDS
            elif self._terms.get(lease) is term:
                del self._terms[lease]

    def _ask(self, statement: Any, **more: Any) -> Any:
        """Ask in the session by which others see that we are there."""
        for last in (False, True):
            fresh = self._session is None
            session = self._session or self._open()
            try:
                return session.execute(statement, more)
            except DBAPIError as error:
                if not error.connection_invalidated:
                    raise
                self._drop()
                if last or fresh:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def _open(self) -> Connection:
        if not self._made:
            with self._migrating() as connection:
                connection.execute(CreateTable(self.table, if_not_exists=True))
            self._made = True
        session = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        session.execute(text("SELECT set_config('lock_timeout', '1s', false)"))
        self._session = session
        return session

    def _drop(self) -> None:
        if self._session is not None:
            session, self._session = self._session, None
            # The session itself ends: a pooled one would still stand for us.
            session.invalidate()
            session.close()


class RowLease:
    """One lease of that table."""

    def __init__(self, tenure: Tenure, name: str, *, patient: bool = False) -> None:
        self._tenure, self.name = tenure, name
        self._limit = ABANDONED[STANDING] if patient else STANDSTILL

    def take(self) -> bool:
        return self._tenure.take(self)

    def release(self) -> None:
        self._tenure.release(self)

    def fence(self) -> CTE | None:
        return self._tenure.fence(self, self._limit)
