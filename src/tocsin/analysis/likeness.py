"""Which past incidents are like one: an index over what incidents say, kept in the home folder.

Their words are read from the log, as the lake has none; what is forgotten has none either. It is
continued by what is new, and can be thrown away at any time: whoever purges does.
"""

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson

from tocsin.settings import Settings
from tocsin.signals import Match, SimilarIncidents, Text, UnreadableIndex
from tocsin.store.log import Log

if TYPE_CHECKING:
    from tocsin.lake.lake import Lake

CORRECTED = "incident.corrected"
TELLING = {
    "incident.reported": ("title", "description"),
    "incident.resolved": ("resolution",),
    CORRECTED: ("title", "description"),
}
"""Events that say something in words, and what of it."""
UNSAID = frozenset({"[forgotten]", "[key lost]", "[sealed]"})
"""What stands in place of a text that cannot be read: nobody is alike by that."""
FACTS = ("incident_id", "reference", "category", "service", "item")
PORTION = 5_000
"""Incidents whose words are fetched at a time, when few are new."""
FEW = 0.2
"""Share of all events up to which what is new is fetched incident by incident."""
ITSELF = 50
"""Among so many, an incident finds itself: others may say the very same."""


class UnknownIncident(LookupError):
    """The lake has no such incident, or not yet."""


def similar(lake: "Lake", incident_id: str, limit: int) -> tuple[int, tuple[Match, ...]]:
    """Up to which position it was looked, and the incidents most like this one.

    Raises:
        UnknownIncident: the lake does not have it.
        BadParameter: the limit is not from 1 to 1,000.
    """
    with lake.alone(), closing(Log.open(lake.settings)) as log:
        own = next(texts(lake, log, [incident_id]), None)
        if own is None:
            raise UnknownIncident(
                f"The lake has nothing of {incident_id}, or not yet: it is at position"
                f" {lake.position:,}."
            )
        index = _index(lake, log)
    return index.position, index.similar(own, limit)


def shared(
    lake: "Lake", incident_id: str, matches: Iterable[Match]
) -> dict[str, tuple[float, str]]:
    """Of each match by its id, how much of what the incident could reach against itself it reaches,
    from 0 to 1, and how it was resolved."""
    found = list(matches)
    with lake.alone(), closing(Log.open(lake.settings)) as log:
        (text,) = texts(lake, log, [incident_id])
        words = {each.incident_id: each.resolution for each in texts(lake, log, _ids(found))}
        # It finds itself if another one asks in its words.
        itself = _index(lake, log).similar(replace(text, incident_id=""), ITSELF)
    scores = [each.score for each in itself if each.incident_id == incident_id]
    own = scores[0] if scores else max([each.score for each in found], default=1.0)
    return {
        each.incident_id: (min(each.score / own, 1.0), words.get(each.incident_id, ""))
        for each in found
    }


def _ids(matches: Iterable[Match]) -> list[str]:
    return [each.incident_id for each in matches]


def said(match: Match) -> dict[str, Any]:
    """A match in plain values, with what makes it one."""
    return {
        **{name: value for name, value in vars(match).items() if name != "terms"},
        "terms": [{"term": term, "brings": brings} for term, brings in match.terms],
    }


def _index(lake: "Lake", log: Log) -> SimilarIncidents:
    """The index up to the end of the lake: the one that is kept, and what is new."""
    position = lake.position
    file = _file(lake)
    try:
        index = SimilarIncidents.load(file)
        if index.position > position:
            raise UnreadableIndex("It is of a longer log.")
    except UnreadableIndex:
        index = SimilarIncidents.build((), position=0)
    if index.position == position:
        return index
    index = index.extended(_fresh(lake, log, index.position), position=position)
    index.save(file)
    return index


def folder(settings: Settings) -> Path:
    """Where indexes are kept. They hold what incidents say, in clear."""
    return settings.home / "similar"


def _file(lake: "Lake") -> Path:
    log = sha256(str(lake.segments.identity()).encode()).hexdigest()
    return folder(lake.settings) / f"{log[:16]}.index"


def _fresh(lake: "Lake", log: Log, after: int) -> Iterator[Text]:
    """What incidents say of which anything was told after a position."""
    events = lake.tables["events"]
    told = events.filter((events.position > after) & events.event.isin(list(TELLING)))
    many = lake.position - after > FEW * lake.position
    if many:
        yield from texts(lake, log, None)
        return
    names = lake.engine.arrow(told.select("incident_id").distinct())
    ids = sorted(names.column("incident_id").to_pylist())
    for first in range(0, len(ids), PORTION):
        yield from texts(lake, log, ids[first : first + PORTION])


def texts(lake: "Lake", log: Log, ids: Iterable[str] | None) -> Iterator[Text]:
    """What these incidents say of themselves, or all, in order of their reports."""
    tables = lake.tables
    if "incidents" not in tables:
        return
    facts = {row["incident_id"]: row for row in _facts(lake, tables["incidents"], ids)}
    words: dict[str, dict[str, str]] = {}
    for bodies in _telling(lake, log, ids):
        for body in log.shown(bodies):
            raw = orjson.loads(body)
            data = raw["data"]
            if raw["event"] == CORRECTED:
                data = {data["fact"]: data["now"]}
            fields = {name: data[name] or "" for name in TELLING[raw["event"]] if name in data}
            kept = {name: text for name, text in fields.items() if text not in UNSAID}
            words.setdefault(raw["stream"], {}).update(kept)
    for incident_id, known in words.items():
        row = facts.get(incident_id)
        if row is not None and known.get("title"):
            reference = row["reference"] or incident_id
            yield Text(
                incident_id=incident_id,
                reference=reference,
                **known,
                **{name: row[name] for name in FACTS[2:]},
            )


def _telling(lake: "Lake", log: Log, ids: Iterable[str] | None) -> Iterator[list[bytes]]:
    """The stored events that say something, as far as the lake has come, some at a time."""
    names, reached = list(TELLING), 0
    if ids is not None:
        for bodies in log.raw_histories([UUID(each) for each in ids]).values():
            told = ((orjson.loads(body), body) for body in bodies)
            yield [
                body
                for raw, body in told
                if raw["event"] in TELLING and raw["position"] <= lake.position
            ]
        return
    while page := log.raw_named(names, reached, lake.position, PORTION):
        yield [body for _, body in page]
        reached = page[-1][0]


def _facts(lake: "Lake", table: Any, ids: Iterable[str] | None) -> list[dict[str, Any]]:
    rows = table.filter(table.incident_id.isin(list(ids))) if ids is not None else table
    stated = rows.group_by(list(FACTS)).aggregate(sign=rows.sign.sum())
    found: list[dict[str, Any]] = lake.engine.arrow(stated.filter(stated.sign > 0)).to_pylist()
    return found
