"""A primary with a standby that has everything before the primary says so, and may take over."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from tests.postgres import Postgres

SECONDS = 30.0
DATABASE = "tocsin"


class Standby(Postgres):
    """A server that begins as a copy of another one, and follows it."""

    def __init__(self, home: Path, primary: Postgres) -> None:
        self._primary = primary
        super().__init__(home)

    def _initialise(self) -> None:
        command = ("--pgdata", self._data, "--checkpoint=fast", "--wal-method=stream")
        address = ("--host=127.0.0.1", f"--port={self._primary.port}", "--username=postgres")
        self._run(self._bin / "pg_basebackup", *command, *address, "--write-recovery-conf")

    def promote(self) -> None:
        """Take over."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute("SELECT pg_promote(true)")


@dataclass(frozen=True)
class Pair:
    """Two servers, one of which takes over from the other."""

    primary: Postgres
    standby: Standby

    @classmethod
    @contextmanager
    def started(cls) -> Iterator["Pair"]:
        """Both run, with an empty database, and nothing is committed that only one has."""
        how: dict[str, Any] = {"prefix": "tocsin-postgres-", "ignore_cleanup_errors": True}
        with tempfile.TemporaryDirectory(**how) as one, tempfile.TemporaryDirectory(**how) as other:
            primary = Postgres(Path(one))
            primary.start()
            try:
                standby = Standby(Path(other), primary)
                standby.start()
                try:
                    primary.create(DATABASE)
                    pair = cls(primary, standby)
                    pair.tie()
                    yield pair
                finally:
                    standby.stop()
            finally:
                primary.stop()

    @property
    def url(self) -> str:
        """The address of both: whichever may be written."""
        ports = (self.primary.port, self.standby.port)
        hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
        return f"postgresql://postgres@{hosts}/{DATABASE}"

    def tie(self) -> None:
        """From now on a commit waits for the standby."""
        with psycopg.connect(self.primary.url(), autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
            connection.execute("SELECT pg_reload_conf()")
            ends = time.monotonic() + SECONDS
            while connection.execute(
                "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"
            ).fetchone() != (1,):
                assert time.monotonic() < ends, "the standby does not follow"
                time.sleep(0.02)

    def fail_over(self, scene: object, seen: object, chance: object) -> None:
        """The primary dies, and whoever watches over the two lets the standby take over."""
        self.primary.kill()
        with suppress(psycopg.errors.ReadOnlySqlTransaction):
            self.standby.promote()
