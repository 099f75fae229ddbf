"""Connections to a PostgreSQL server that may restart, fail over, or fall silent: none waits for
ever, and none is trusted because it is there.

Keep-alives find a machine that is gone. A process that hangs, a proxy whose other side is gone, or
a route that swallows what it carries still answers those. So whoever waits longer than usual asks
on another connection whether the server is still at work for the first one: if it is not, or does
not answer either, the first connection is given up.
"""

from collections.abc import Generator
from threading import Lock
from time import monotonic
from typing import Any

import psycopg
from psycopg.abc import AdaptContext
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy import Engine, create_engine, event

from tocsin.drivers import ABANDONED, PATIENCE

DOUBT_SECONDS = 1.5
"""After so long without an answer it is asked another way whether there will be one."""
SUSPICION_SECONDS = 0.3
"""The same for what was connected before another connection had to be given up: what cut that one
off has often cut off all of them."""
AGAIN_SECONDS = 0.3
"""A server that is not at work any more may have sent its answer just now: so long is listened."""
TURN_SECONDS = 0.2
"""While a server is away one connects at a time, and others wait so long to know how that went."""
SILENT_SECONDS = 1.0
"""For so long nobody knocks again at a server that did not answer a knock at all."""
HURRY_SECONDS = 2
"""Longest wait for the connection on which that is asked."""
CROWDED = ("too many", "remaining connection slots")
"""What a server says that is there, and has no place for another connection."""

PREPARE = (
    "SELECT pid, backend_start, "
    + ", ".join(f"set_config('{name}', '{value}', false)" for name, value in ABANDONED.items())
    + " FROM pg_stat_get_activity(pg_backend_pid())"
).encode()
ASKED = (
    b"SELECT state = 'active' AND wait_event_type IS DISTINCT FROM 'Client'"
    b" FROM pg_stat_activity WHERE pid = %s AND backend_start = %s"
)
"""In the middle of an exchange a session counts as active also while it waits for us."""


class Away(psycopg.OperationalError):
    """The server cannot be reached, as somebody of this process found a moment ago."""


class Connection(psycopg.Connection[Any]):
    """A connection that is given up when nobody at the other end is at work for it."""

    gate: "Gate | None" = None
    """The way to ask; none on a connection that is itself a question about another."""
    longest: float | None = None
    """Seconds that any answer may take: more than the server's own limit, which says more."""
    session: tuple[int, Any] = (0, None)
    """What the server knows it by: its process, and since when."""
    made_at = 0.0

    def wait(self, gen: Any, *args: Any, **limits: Any) -> Any:
        """As the driver waits, with an end."""
        return super().wait(self._watched(gen), *args, **limits)

    def _watched(self, gen: Any) -> Generator[Any, Any, Any]:
        asked = monotonic()
        suspect = self.gate is not None and self.made_at < self.gate.given_up_at
        doubt, idle = asked + (SUSPICION_SECONDS if suspect else DOUBT_SECONDS), False
        try:
            wants = next(gen)
            while True:
                ready = yield wants
                if not ready and monotonic() > doubt:
                    idle = self._idle(idle, asked)
                    doubt = monotonic() + (AGAIN_SECONDS if idle else DOUBT_SECONDS)
                wants = gen.send(ready)
        except StopIteration as done:
            return done.value

    def _idle(self, before: bool, asked: float) -> bool:
        """Whether nobody seems to be at work for us; the second time, that is the end."""
        at_work = self.gate is not None and self.gate.at_work(*self.session)
        if not at_work and (before or self.gate is None or self.gate.away):
            raise self._given_up("the server does not answer, and is not at work for us")
        if self.longest is not None and monotonic() - asked > self.longest:
            raise self._given_up(f"no answer within {self.longest:g} seconds")
        return not at_work

    def _given_up(self, why: str) -> psycopg.OperationalError:
        if self.gate is not None:
            self.gate.given_up_at = monotonic()
        self.close()
        return psycopg.OperationalError(why)


class Gate:
    """One server as this process finds it. While it is away one at a time knocks, and whoever comes
    meanwhile is told so at once: an outage must not hold up everybody who asks."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self.away = ""
        """Why it could not be reached when somebody last tried; empty when it could."""
        self.given_up_at = 0.0
        """When a connection was last given up."""
        self._knock_at = 0.0
        self._turn = Lock()

    def connect(self, context: AdaptContext | None = None) -> Connection:
        """A new connection, which begins no transaction by itself.

        Raises:
            OperationalError: there is none to be had now.
        """
        if not self.away:
            return self._knock(context)
        if monotonic() < self._knock_at or not self._turn.acquire(timeout=TURN_SECONDS):
            raise Away(self.away or "the server was away a moment ago")
        try:
            return self._knock(context)
        finally:
            self._turn.release()

    def _knock(self, context: AdaptContext | None) -> Connection:
        connection = None
        try:
            connection = Connection.connect(self._conninfo, autocommit=True, context=context)
            row = connection.execute(PREPARE).fetchone()
        except psycopg.Error as error:
            self._missed(error)
            if connection is not None:
                connection.close()
            raise
        assert row is not None
        self.away = ""
        connection.gate, connection.session = self, (row[0], row[1])
        connection.made_at = monotonic()
        return connection

    def at_work(self, pid: int, begun: Any) -> bool:
        """Whether the server, asked another way, is busy with what that session wants of it."""
        if self.away:
            return False
        hurried = make_conninfo(self._conninfo, connect_timeout=HURRY_SECONDS)
        try:
            with Connection.connect(hurried, autocommit=True) as other:
                row = other.execute(ASKED, (pid, begun)).fetchone()
        except psycopg.Error as error:
            self._missed(error)
            return not self.away
        return row is not None and row[0] is True

    def _missed(self, error: psycopg.Error) -> None:
        if any(said in str(error) for said in CROWDED):
            self.away = ""  # it is there, and works for those who have a place
            return
        self.away = " ".join(str(error).split()) or type(error).__name__
        # Whoever refuses may be there a moment later; to knock in vain costs seconds.
        silent = isinstance(error, psycopg.errors.ConnectionTimeout)
        self._knock_at = monotonic() + SILENT_SECONDS if silent else 0.0


_gates: dict[str, Gate] = {}


def gate(address: str, **defaults: str) -> Gate:
    """The way to the server of an address; what that leaves open is as patient as we are.

    Raises:
        psycopg.Error: it is no address. What that says of it may hold the password.
    """
    given = conninfo_to_dict(address)
    known = make_conninfo("", **{**PATIENCE, **defaults, **given, "client_encoding": "UTF8"})
    return _gates.setdefault(known, Gate(known))


def named(address: str) -> str:
    """The hosts and the database of an address, and nothing that is secret."""
    given = conninfo_to_dict(address)
    return f"{given.get('host', 'local')}/{given.get('dbname', '')}"


def engine(address: str, **options: Any) -> Engine:
    """Connections to a database for SQLAlchemy; each that lay idle is tried before it is used.

    Raises:
        psycopg.Error: it is no address. What that says of it may hold the password.
    """
    way = gate(address)
    made = create_engine("postgresql+psycopg://", pool_pre_ping=True, **options)

    @event.listens_for(made, "do_connect")
    def connect(_dialect: Any, _record: Any, _arguments: Any, named: dict[str, Any]) -> Connection:
        connection = way.connect(named.get("context"))
        # Each statement of a transaction sees what was committed before it, unless it says more.
        connection.autocommit = False
        return connection

    return made
