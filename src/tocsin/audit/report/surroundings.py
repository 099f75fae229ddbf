"""What lies outside the log and belongs into a report: rules, keys, and who looked."""

from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from typing import Any

from tocsin.access import Entry, Journal, Kind
from tocsin.audit.report.facts import (
    MOST,
    Accesses,
    KeyChange,
    Listed,
    PolicyVersion,
    Reader,
)
from tocsin.domain.policy.difference import differences
from tocsin.keys import Keys
from tocsin.policies.versions import Version
from tocsin.replaying.period import Period
from tocsin.settings import Settings
from tocsin.store.sealing import Seals

TAKING = frozenset({Kind.EXPORT, Kind.SUBJECT, Kind.EVIDENCE, Kind.AUDIT})
READERS = 100_000
"""Ways of reading that are told apart."""


def policies(versions: Iterable[Version], period: Period) -> list[PolicyVersion]:
    """The version in force when the period began, and every later one of the period."""
    found: list[PolicyVersion] = []
    before: Version | None = None
    for version in versions:
        at = version.published_at
        if at is None or (period.since is not None and at < period.since):
            found = [_policy(version, None)]
        elif period.holds(at):
            found.append(_policy(version, before))
        before = version
    return found


def _policy(version: Version, before: Version | None) -> PolicyVersion:
    changed = differences(before.policy, version.policy) if before else ()
    return PolicyVersion(
        version=version.number,
        digest=version.policy.digest,
        published_at=version.published_at,
        published_by=version.published_by,
        position=version.position,
        note=version.note,
        differences=[str(each) for each in changed][:MOST],
    )


def key_changes(settings: Settings, period: Period) -> Listed[KeyChange] | None:
    """What was done to API keys, if there are any in this place."""
    if not settings.database and not settings.keys_file.exists():
        return None
    with closing(Keys.open(settings)) as keys:
        found = [change for change in keys.changes() if period.holds(change.at)]
    told = [
        KeyChange(key_id=c.key_id, change=c.change, at=c.at, by=c.by, detail=c.detail)
        for c in found[:MOST]
    ]
    return Listed(count=len(found), named=told)


def accesses(settings: Settings, seals: Seals, period: Period) -> Accesses | None:
    """Who read data about people, and who took some away, if a journal is kept in this place."""
    if not settings.database and not settings.access_file.exists():
        return None
    with closing(Journal.open(settings, seals)) as journal:
        return _accesses(journal.entries(period.since, period.until))


def _accesses(entries: Iterable[Entry]) -> Accesses:
    count = expired = lost = taking = 0
    times: Counter[tuple[str, str, str, str]] = Counter()
    rows: Counter[tuple[str, str, str, str]] = Counter()
    taken: list[dict[str, Any]] = []
    for entry in entries:
        count += 1
        if entry.expired:
            expired += 1
            continue
        lost += entry.lost
        reader = (entry.who, str(entry.kind), entry.what, str(entry.through))
        if reader in times or len(times) < READERS:
            times[reader] += entry.times
            rows[reader] += entry.rows
        if entry.kind in TAKING:
            taking += 1
            if len(taken) < MOST:
                taken.append(_taken(entry))
    order = sorted(times, key=lambda each: (-times[each], each))
    readers = [
        Reader(who=r[0], kind=r[1], what=r[2], through=r[3], times=times[r], rows=rows[r])
        for r in order[:MOST]
    ]
    return Accesses(
        entries=count,
        readers=Listed(count=len(order), named=readers),
        taken=Listed(count=taking, named=taken),
        expired=expired,
        lost=lost,
    )


def _taken(entry: Entry) -> dict[str, Any]:
    return {
        "number": entry.number, "at": entry.at, "who": entry.who, "what": entry.what,
        "kind": str(entry.kind), "through": str(entry.through), "purpose": entry.purpose,
        "incidents": [str(each) for each in entry.incidents], "rows": entry.rows,
    }  # fmt: skip
