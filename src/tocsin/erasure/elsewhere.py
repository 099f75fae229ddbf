"""What is kept of somebody outside the log: API keys that are theirs, and what they read."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

from tocsin.access import Journal
from tocsin.erasure.names import Names, fold
from tocsin.keys import Keys
from tocsin.settings import Settings
from tocsin.store.sealing import PSEUDONYM


def keys_of(settings: Settings, names: Names) -> list[dict[str, Any]]:
    """The API keys whose owner has one of these names. Keys are never deleted, so that it stays
    known who could do what: let an account stand for the person where that matters.

    Raises:
        KeysUnavailable: they cannot be read.
    """
    if not (settings.database or settings.keys_file.exists()):
        return []
    wanted = {fold(name) for name in names.all}
    with closing(Keys.open(settings)) as keys:
        found = [key for key in keys.all() if fold(key.owner) in wanted]
    return [
        {**{n: v for n, v in vars(key).items() if n != "digest"}, "scopes": sorted(key.scopes)}
        for key in found
    ]


def accesses_of(
    journal: Journal | None, names: Names, subjects: dict[str, str]
) -> Iterator[dict[str, Any]]:
    """What they read or took away, by the access journal: of each entry all but the others' names.

    Raises:
        JournalUnavailable: it cannot be read.
    """
    if journal is None:
        return
    wanted = dict.fromkeys([*names.all, *subjects.values(), *(PSEUDONYM + s for s in subjects)])
    for who in wanted:
        for entry in journal.entries(who=who):
            yield {
                "number": entry.number,
                "at": entry.at,
                "what": entry.what,
                "kind": entry.kind,
                "purpose": entry.purpose,
                "incidents": list(entry.incidents),
                "times": entry.times,
            }
