"""An entry as bytes and back: canonical JSON, hashed as stored; names and purposes sealed.

The journal is data about people as well. Who read, and what for in their own words, is sealed under
the key of that person: forgetting them forgets both, and no byte and no hash changes.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from tocsin.access.records import Access, Entry, Kind, Through
from tocsin.domain.personal import Personal
from tocsin.store.sealing import Seals, is_pseudonym, opened, seal, subjects_in

STREAM = "access"
"""Stands where events have their stream: what is sealed here opens nowhere else."""
SCHEMA = 1
_CANONICAL = orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z


class BadEntry(Exception):
    """The bytes of an entry are not what was written."""


def line(access: Access, number: int, at: datetime, seals: Seals) -> bytes:
    """The canonical bytes of an entry at its place."""
    who: Any = access.who
    purpose: Any = access.purpose
    if seals.sealing and who and not is_pseudonym(who):
        key = seals.person(who)
        who = seal(key, Personal.PERSON, who.encode(), f"{STREAM}|{number}|actor")
        if purpose:
            place = f"{STREAM}|{number}|data.purpose"
            purpose = seal(key, Personal.TEXT, purpose.encode(), place)
    fields = {
        "access": SCHEMA,
        "asked": access.asked,
        "at": at,
        "incidents": access.incidents,
        "key": access.key_id,
        "kind": access.kind,
        "lost": access.lost,
        "number": number,
        "purpose": purpose,
        "rows": access.rows,
        "through": access.through,
        "times": access.times,
        "what": access.what,
        "who": who,
    }
    # What says nothing takes no room: there are many of these.
    said = {name: value for name, value in fields.items() if value not in ("", (), 0)}
    return orjson.dumps(said, option=_CANONICAL)


def entry(body: bytes, seals: Seals) -> Entry:
    """The entry that the bytes are, opened as far as there are keys.

    Raises:
        BadEntry: they are none of ours.
    """
    try:
        raw = orjson.loads(body)
        if raw["access"] > SCHEMA:
            raise BadEntry(f"it is of format {raw['access']}; this version reads {SCHEMA}")
        # Opened as an event would be: there is one way of opening.
        told = {"actor": raw["who"], "data": {"purpose": raw.get("purpose", "")}}
        told = opened({**told, "stream": STREAM, "version": raw["number"]}, seals)
        return Entry(
            number=raw["number"],
            at=datetime.fromisoformat(raw["at"]),
            who=told["actor"],
            what=raw["what"],
            kind=Kind(raw["kind"]),
            through=Through(raw["through"]),
            key_id=raw.get("key", ""),
            purpose=told["data"]["purpose"],
            incidents=tuple(UUID(each) for each in raw.get("incidents", ())),
            asked=raw.get("asked", ""),
            rows=raw.get("rows", 0),
            times=raw.get("times", 0),
            lost=raw.get("lost", 0),
        )
    except (KeyError, ValueError, TypeError) as error:
        raise BadEntry(f"{type(error).__name__}: {error}: {body[:200]!r}") from error


def expired(number: int, at: datetime) -> Entry:
    """What is left of an entry whose time is over."""
    return Entry(
        number=number,
        at=at,
        who="",
        what="",
        kind=Kind.READ,
        through=Through.HTTP,
        expired=True,
    )


def preload(bodies: Iterable[bytes], seals: Seals) -> None:
    """Fetch the keys that these entries need with one question."""
    seals.preload(subjects_in(bodies))
