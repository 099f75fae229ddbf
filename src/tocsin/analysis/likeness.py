"""Which past incidents are like one: an index over what incidents say, kept beside the lake.

It is made from the log and continued by what is new, so it can be thrown away at any time.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from tocsin.signals import Match, SimilarIncidents, Text, UnreadableIndex

if TYPE_CHECKING:
    from tocsin.lake.lake import Lake

CORRECTED = "incident.corrected"
TELLING = {
    "incident.reported": ("title", "description"),
    "incident.resolved": ("resolution",),
    CORRECTED: ("title", "description"),
}
"""Events that say something in words, and what of it."""
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
    with lake.alone():
        own = next(texts(lake, [incident_id]), None)
        if own is None:
            raise UnknownIncident(
                f"The lake has nothing of {incident_id}, or not yet: it is at position"
                f" {lake.position:,}."
            )
        index = _index(lake)
    return index.position, index.similar(own, limit)


def shared(
    lake: "Lake", incident_id: str, matches: Iterable[Match]
) -> dict[str, tuple[float, str]]:
    """Of each match by its id, how much of what the incident could reach against itself it reaches,
    from 0 to 1, and how it was resolved."""
    found = list(matches)
    with lake.alone():
        (text,) = texts(lake, [incident_id])
        words = {each.incident_id: each.resolution for each in texts(lake, _ids(found))}
        # It finds itself if another one asks in its words.
        itself = _index(lake).similar(replace(text, incident_id=""), ITSELF)
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


def _index(lake: "Lake") -> SimilarIncidents:
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
    index = index.extended(_fresh(lake, index.position), position=position)
    index.save(file)
    return index


def _file(lake: "Lake") -> Path:
    log = sha256(str(lake.segments.identity()).encode()).hexdigest()
    return lake.kept / f"similar-{log[:16]}.index"


def _fresh(lake: "Lake", after: int) -> Iterator[Text]:
    """What incidents say of which anything was told after a position."""
    events = lake.tables["events"]
    told = events.filter((events.position > after) & events.event.isin(list(TELLING)))
    many = lake.position - after > FEW * lake.position
    if many:
        yield from texts(lake, None)
        return
    names = lake.engine.arrow(told.select("incident_id").distinct())
    ids = sorted(names.column("incident_id").to_pylist())
    for first in range(0, len(ids), PORTION):
        yield from texts(lake, ids[first : first + PORTION])


def texts(lake: "Lake", ids: Iterable[str] | None) -> Iterator[Text]:
    """What these incidents say of themselves, or all, in order of their reports."""
    tables = lake.tables
    if "incidents" not in tables:
        return
    facts = {row["incident_id"]: row for row in _facts(lake, tables["incidents"], ids)}
    events = tables["events"]
    events = events.filter(events.event.isin(list(TELLING)))
    if ids is not None:
        events = events.filter(events.incident_id.isin(list(ids)))
    rows = lake.engine.arrow(
        events.select("position", "incident_id", "event", "data").order_by("position")
    )
    words: dict[str, dict[str, str]] = {}
    for row in rows.to_pylist():
        data = orjson.loads(row["data"])
        if row["event"] == CORRECTED:
            data = {data["fact"]: data["now"]}
        fields = {name: data[name] or "" for name in TELLING[row["event"]] if name in data}
        # What is sealed is no text, and stays out of the index.
        kept = {name: value for name, value in fields.items() if isinstance(value, str)}
        words.setdefault(row["incident_id"], {}).update(kept)
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


def _facts(lake: "Lake", table: Any, ids: Iterable[str] | None) -> list[dict[str, Any]]:
    rows = table.filter(table.incident_id.isin(list(ids))) if ids is not None else table
    stated = rows.group_by(list(FACTS)).aggregate(sign=rows.sign.sum())
    found: list[dict[str, Any]] = lake.engine.arrow(stated.filter(stated.sign > 0)).to_pylist()
    return found
