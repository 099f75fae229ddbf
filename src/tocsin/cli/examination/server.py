"""The PostgreSQL server: what of its configuration puts acknowledged events at risk."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

from tocsin.cli.examination.check import Check, bad, good, warn
from tocsin.readmodels.database import Database
from tocsin.settings import Settings

OLDEST = 140_000
SKEW_SECONDS = 2.0
QUESTION = """SELECT name, setting FROM pg_settings WHERE name IN (
    'server_version', 'server_version_num', 'fsync', 'full_page_writes', 'synchronous_commit',
    'data_checksums', 'server_encoding', 'max_connections')"""

ROLE = """SELECT current_user, ARRAY(
    SELECT verb FROM unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE']) AS verb
    WHERE has_table_privilege(to_regclass('tocsin.events')::oid, verb))"""


def examine(settings: Settings) -> Iterator[Check]:
    """Version, durability, checksums, encoding, connections, clock; nothing on SQLite."""
    if not settings.database:
        return
    with (
        closing(Database.open(settings.home, settings.database)) as database,
        database.reading() as connection,
    ):
        said = {name: str(value) for name, value in connection.exec_driver_sql(QUESTION)}
        role, may = connection.exec_driver_sql(ROLE).one()
        there = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
        here = datetime.now(UTC)
    yield from judge(said, (here - there).total_seconds())
    yield _role(role, may)


def judge(said: dict[str, str], skew_seconds: float) -> Iterator[Check]:
    """What the server's settings mean for the log."""
    version = f"PostgreSQL {said['server_version']}"
    if int(said["server_version_num"]) < OLDEST:
        yield warn("postgresql", version, "Use PostgreSQL 14 or later.")
    else:
        yield good("postgresql", version)
    yield _switch(said, "fsync", "a power cut can lose or destroy acknowledged events")
    yield _switch(said, "full_page_writes", "a power cut can destroy pages")
    yield _commit(said["synchronous_commit"])
    if said.get("data_checksums") == "on":
        yield good("data_checksums", "on")
    else:
        says = "off: pages that rot on the disk go unnoticed"
        yield warn("data_checksums", says, "Stop the server, and run pg_checksums --enable.")
    if said["server_encoding"] == "UTF8":
        yield good("encoding", "UTF8")
    else:
        way = "Make a database with ENCODING 'UTF8'."
        yield bad("encoding", f"{said['server_encoding']}: not every text can be stored", way)
    if abs(skew_seconds) > SKEW_SECONDS:
        says = f"the server's clock differs from ours by {skew_seconds:.1f} s"
        yield warn("server clock", says, "Keep both right with NTP.")
    else:
        yield good("server clock", "agrees with ours")


def _role(role: str, may: list[str]) -> Check:
    if not may:
        return good("role", f"{role} may add events, and neither change nor delete them")
    says = f"{role} may {', '.join(may)} events"
    return warn("role", says, "Run the service as another: `tocsin database grants ROLE`.")


def _switch(said: dict[str, str], name: str, harm: str) -> Check:
    if said[name] == "on":
        return good(name, "on")
    return bad(name, f"{said[name]}: {harm}", f"Set {name} = on in postgresql.conf.")


def _commit(setting: str) -> Check:
    name = "synchronous_commit"
    if setting in ("on", "remote_apply", "remote_write", "local"):
        return good(name, setting)
    return warn(
        name,
        f"{setting} by default; Tocsin sets it to on for its own transactions",
        "Set synchronous_commit = on, so that nothing depends on that.",
    )
