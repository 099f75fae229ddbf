"""What disturbs whoever writes a log: transactions that come to nothing, sessions that are cut."""

import threading
from contextlib import closing, suppress
from dataclasses import dataclass, field
from random import Random
from uuid import uuid4

import psycopg

from tocsin.settings import Settings
from tocsin.store.sqlite_file import FAULTS, connect

PAUSE_SECONDS = 0.25
FORGED = ("incident.noted", b"{}")
"""Name and body of events that are taken back: whoever sees one has seen what never was."""


@dataclass
class Upset:
    """Transactions that take places in the log and give them back; sessions that are cut off."""

    settings: Settings
    seed: int
    aborted: int = 0
    cut: int = 0
    _over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Upset":
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        chance = Random(self.seed)
        while not self._over.wait(PAUSE_SECONDS):
            if not self.settings.database:
                self._abort_sqlite()
            elif chance.random() < 0.5:
                self._abort()
            else:
                self._cut()

    def _abort(self) -> None:
        with (
            suppress(psycopg.OperationalError),
            psycopg.connect(self.settings.database) as session,
        ):
            ((head,),) = session.execute("SELECT position FROM tocsin.head FOR UPDATE").fetchall()
            session.execute(
                "INSERT INTO tocsin.events (position, stream, version, topic, body)"
                " SELECT %s + n, gen_random_uuid(), 1, %s, %s FROM generate_series(1, 5) AS n",
                (head, *FORGED),
            )
            session.execute("UPDATE tocsin.head SET position = position + 5")
            session.rollback()
            self.aborted += 1

    def _cut(self) -> None:
        with (
            suppress(psycopg.OperationalError),
            psycopg.connect(self.settings.database) as session,
        ):
            self.cut += len(
                session.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid IN"
                    " (SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
                    " AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1)"
                ).fetchall()
            )

    def _abort_sqlite(self) -> None:
        with suppress(*FAULTS), closing(connect(self.settings.log_file, write=True)) as session:
            session.execute("BEGIN IMMEDIATE")
            ((head,),) = session.execute("SELECT position FROM head").fetchall()
            rows = [(head + n, uuid4().bytes, 1, *FORGED) for n in range(1, 6)]
            session.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?)", rows)
            session.execute("UPDATE head SET position = position + 5")
            session.execute("ROLLBACK")
            self.aborted += 1
