"""What is stored: the log and its writer, the policy in it, the read models, the keys."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tocsin.cli.examination import lake, ledger, policy
from tocsin.cli.examination.check import Check, bad, good, warn
from tocsin.cli.standing import standings_of
from tocsin.keys import Keys
from tocsin.readmodels.projection import found
from tocsin.readmodels.reading import Standing
from tocsin.readmodels.source import recorded_at
from tocsin.settings import Settings
from tocsin.store.entries import StoreUnavailable
from tocsin.store.log import Log

SOON = timedelta(days=14)
"""Before a key ends, from which on somebody should know."""
SERVE = "`tocsin serve` makes it."


def examine(settings: Settings) -> Iterator[Check]:
    """Log, writer, policy, read models and keys."""
    if not settings.database:
        yield _writer(settings.log_file)
        if not settings.log_file.exists():
            yield warn("log", f"there is none at {settings.log_file} yet", SERVE)
            return
    try:
        log = Log.open(settings)
    except StoreUnavailable as error:
        if "There is no log" in str(error):
            yield warn("log", str(error), SERVE)
        else:
            way = "Make sure that the store runs and that this user may use it."
            yield bad("log", str(error), way, unreachable=True)
        return
    with closing(log):
        yield _log(log, settings)
        yield from policy.examine(log)
        yield from _read_models(log, settings)
        yield from lake.examine(log, settings)
        yield from ledger.examine(log, settings)
    yield from _keys(settings)


def _log(log: Log, settings: Settings) -> Check:
    head, now = log.head(), datetime.now(UTC)
    last = recorded_at(log, head) if head else None
    said = f"{head:,} events in {log.place}"
    if last is None:
        return good("log", said)
    said += f", the last recorded {last:%Y-%m-%d %H:%M:%S} UTC"
    if last > now + timedelta(seconds=settings.clock_skew_seconds):
        return bad("log", f"{said}: that is in the future", "Set the clock of this machine.")
    return good("log", said)


def writer_of(file: Path) -> int | None:
    """The process that writes this log now, if one does; 0 when it does not say which."""
    try:
        lock = os.open(f"{file}.lock", os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        said = os.pread(lock, 32, 0).decode(errors="replace")
        return int(said) if said.isdigit() else 0
    else:
        return None
    finally:
        os.close(lock)


def _writer(file: Path) -> Check:
    process = writer_of(file)
    if process is None:
        return good("writer", "nobody writes the log now")
    return good("writer", f"process {process or '?'} writes the log")


def _read_models(log: Log, settings: Settings) -> Iterator[Check]:
    standings = {each.name: each for each in standings_of(log, settings)}
    for projection in found():
        name = f"read model {projection.name}"
        standing = standings.get(projection.name)
        if standing is None:
            way = "`tocsin serve` or `tocsin project` builds it."
            yield warn(name, "not built yet", way) if log.head() else good(name, "nothing to read")
        else:
            yield _standing(name, standing, settings)


def _standing(name: str, standing: Standing, settings: Settings) -> Check:
    said = f"version {standing.version}, {standing.state}, at {standing.position:,}"
    if standing.error:
        says = f"{said}: halted before position {standing.error_position}: {standing.error}"
        way = f"Mend the projection or the event, then `tocsin rebuild {standing.name}`."
        return bad(name, says, way)
    if standing.lag_seconds > settings.lag_seconds:
        said += f", {standing.lag_events:,} events and {standing.lag_seconds:,.0f} s behind"
        return warn(name, said, "`tocsin serve` or `tocsin project` brings it up to date.")
    return good(name, said)


def _keys(settings: Settings) -> Iterator[Check]:
    if not settings.database and not settings.keys_file.exists():
        yield warn(
            "keys", "there are none yet", "`tocsin serve` makes the first and shows it once."
        )
        return
    with closing(Keys.open(settings)) as keys:
        known = keys.all()
    now = datetime.now(UTC)
    valid = [k for k in known if not k.revoked_at and not (k.expires_at and k.expires_at <= now)]
    ended = len(known) - len(valid)
    said = f"{len(valid)} valid, {ended} expired or revoked"
    soon = [key for key in valid if key.expires_at and key.expires_at - now < SOON]
    if not valid:
        yield warn("keys", said, "`tocsin keys issue OWNER --scope admin` makes one.")
    elif soon:
        first = min(soon, key=lambda key: key.expires_at or now)
        says = f"{said}; {first.key_id} of {first.owner} ends {first.expires_at:%Y-%m-%d}"
        yield warn("keys", says, f"`tocsin keys rotate {first.key_id}`")
    else:
        yield good("keys", said)
