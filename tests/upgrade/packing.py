"""Fixtures packed and unpacked: the files of a home, or a whole PostgreSQL database as SQL.

    python -m tests.upgrade.packing NAME LEVEL [CODE]

makes `NAME` on both stores with the version whose checkout is `CODE`, or with this one.
"""

import json
import lzma
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import Any

import psycopg

from tests.postgres import Postgres
from tests.upgrade import making
from tocsin.drivers import sqlite3

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "tests" / "store" / "fixtures"
DATABASES = ("tocsin.db", "keys.db", "vault.db", "access.db")
KEPT = (*DATABASES, "vault.key", "ledger.key", "held.txt", "evidence", "told.json")
"""What of a home is kept: read models and leases are made again."""
DUMP = "dump.sql"
SCHEMAS = ("tocsin", "tocsin_access", "tocsin_vault")


def names(store: str) -> list[str]:
    """The fixtures of a store, oldest first."""
    return sorted(each.name.split(".")[0] for each in FIXTURES.glob(f"*.{store}.tar.xz"))


def unpacked(name: str, store: str, home: Path) -> dict[str, Any]:
    """The files of a fixture in a new home; and what it was told."""
    with lzma.open(FIXTURES / f"{name}.{store}.tar.xz") as file, tarfile.open(fileobj=file) as tar:
        tar.extractall(home, filter="data")
    home.chmod(0o700)
    told: dict[str, Any] = json.loads((home / "told.json").read_text("utf-8"))
    return told


def loaded(home: Path, url: str) -> None:
    """Put the dump of an unpacked fixture into an empty database."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute((home / DUMP).read_bytes())


def pack(name: str, store: str, home: Path) -> Path:
    """Pack what is kept of a home, the same bytes for the same files."""
    for each in DATABASES:
        if (home / each).exists():
            with closing(sqlite3.connect(home / each)) as connection:
                connection.execute("PRAGMA journal_mode = DELETE")
                connection.execute("VACUUM")
    packed = BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for each in (*KEPT, DUMP):
            if (home / each).exists():
                tar.add(home / each, each, filter=_nobodys)
    FIXTURES.mkdir(exist_ok=True)
    file = FIXTURES / f"{name}.{store}.tar.xz"
    file.write_bytes(lzma.compress(packed.getvalue(), preset=9 | lzma.PRESET_EXTREME))
    return file


def _nobodys(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = ""
    return None if entry.name.endswith("/incoming") else entry


def make(level: str, home: Path, code: Path, database: str = "") -> None:
    """Have a version make its files."""
    subprocess.run(
        [sys.executable, making.__file__, level, home, database],
        cwd=code,
        env={**os.environ, "PYTHONPATH": f"{code / 'src'}:{code}"},
        check=True,
    )


def dumped(postgres: Postgres, database: str) -> str:
    """A database as SQL statements that any client can send: no commands of `psql`."""
    wanted = [f"--schema={schema}" for schema in SCHEMAS]
    plain = ("--inserts", "--rows-per-insert=50", "--no-owner", "--no-privileges")
    program = postgres.program("pg_dump")
    done = subprocess.run(
        [program, *wanted, *plain, f"--dbname={postgres.url(database)}"],
        capture_output=True,
        check=True,
        text=True,
        cwd=postgres.home,
        **postgres.account,
    )
    lines = (line for line in done.stdout.splitlines(keepends=True) if line[:1] != "\\")
    return "".join(lines)


def main() -> int:
    """Make and pack both."""
    name, level, *rest = sys.argv[1:]
    code = Path(rest[0] if rest else ROOT).absolute()
    with tempfile.TemporaryDirectory(prefix="tocsin-packing-", ignore_cleanup_errors=True) as place:
        folder = Path(place)
        make(level, folder / "sqlite", code)
        sys.stdout.write(f"{pack(name, 'sqlite', folder / 'sqlite')}\n")
        (folder / "server").mkdir()
        folder.chmod(0o755)
        postgres = Postgres(folder / "server")
        postgres.start()
        try:
            make(level, folder / "postgres", code, postgres.create("tocsin"))
            (folder / "postgres" / DUMP).write_text(dumped(postgres, "tocsin"))
            sys.stdout.write(f"{pack(name, 'postgres', folder / 'postgres')}\n")
        finally:
            postgres.stop()
            shutil.rmtree(folder / "server", ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
