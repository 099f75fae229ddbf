"""A report as a document: its sections in the order in which auditors ask."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TypeVar

from tocsin.audit.report.facts import (
    Correction,
    Happened,
    KeyChange,
    Late,
    Listed,
    PolicyVersion,
    Report,
    Signed,
)
from tocsin.documents.document import Block, Document, Grid, Points, Section, Sentence
from tocsin.documents.spans import span

T = TypeVar("T")
Row = Sequence[str]

SHOWN = 100
"""Rows of one table. JSON names more of them."""
NOTHING = "Nothing is on record."
HAPPENED = ("Recorded", "Position", "Record", "What", "By")


def document(report: Report) -> Document:
    """The report, laid out."""
    return Document(
        title="Report for auditors",
        subtitle=_subtitle(report),
        sections=[
            Section("Is the record what was signed?", list(_verification(report))),
            Section("What was recorded", list(_volume(report))),
            Section("By whom", list(_actors(report))),
            Section("The rules in force", list(_policies(report))),
            Section("Corrections", _corrections(report)),
            Section("Late entries", list(_late(report))),
            Section("Erasures and legal holds", _happened(report.subjects)),
            Section("Evidence", _happened(report.evidence)),
            Section("Who read data about people", list(_access(report))),
            Section("API keys", _keys(report)),
            Section("Checkpoints", _checkpoints(report)),
        ],
        footer=(
            f"Made {_time(report.made_at)} from {report.place}, which then ended at position"
            f" {report.head:,}. Times are in UTC. Commands that were refused are not recorded"
            " anywhere, so nothing can be said of them."
        ),
    )


def _subtitle(report: Report) -> str:
    since = f"from {_time(report.since)}" if report.since else "from the beginning"
    until = f"to {_time(report.until)}" if report.until else "to now"
    return f"What was recorded {since} {until}: {report.volume.events:,} events."


def _verification(report: Report) -> Iterator[Block]:
    found = report.verification
    yield Sentence(
        f"All {found.events:,} stored events of the log were read and hashed again, from the first"
        f" one on. The root of their tree (RFC 6962) is {found.root}."
    )
    for fault in found.faults.named[:SHOWN]:
        yield Sentence(fault, marked=True)
    if found.faults.count > SHOWN:
        yield Sentence(f"There are {found.faults.count:,} such faults.", marked=True)
    if found.sound and found.checkpoints:
        yield Sentence(
            f"It agrees with all {found.checkpoints:,} checkpoints, and each is signed by one of"
            " these keys, which the log itself names: compare them with those that you were given."
        )
        yield Points([(key, "") for key in found.keys])
    if found.sound and not found.checkpoints:
        yield Sentence("No checkpoint was ever signed: there is nothing to compare it with.", True)
    if not found.kept:
        yield Sentence("This log keeps no hash tree (TOCSIN_LEDGER), so nothing signs it.", True)
    yield from _covering(report)


def _covering(report: Report) -> Iterator[Block]:
    covering = report.verification.covering
    if report.volume.last is None:
        return
    if covering is None:
        yield Sentence("No checkpoint covers the whole period yet.", marked=True)
        return
    where = ", ".join(f"{each.place} ({_time(each.at)})" for each in covering.outside)
    yield Sentence(
        f"The checkpoint of {covering.size:,} events, made {_time(covering.made_at)}, covers the"
        f" whole period. Outside, it is kept by: {where or 'nobody'}."
    )
    if not where:
        yield Sentence(
            "As long as nobody outside keeps a checkpoint, this proves only that the log agrees"
            " with itself: whoever holds the keys could have written all of it anew.",
            marked=True,
        )


def _volume(report: Report) -> Iterator[Block]:
    volume = report.volume
    if not volume.events:
        yield Sentence(NOTHING)
        return
    imported = f" {report.imported:,} were imported from other systems." * bool(report.imported)
    yield Sentence(
        f"{volume.events:,} events, at positions {volume.first:,} to {volume.last:,}.{imported}"
    )
    kinds = [(kind.name, f"{kind.events:,}", f"{kind.begun:,}") for kind in volume.kinds]
    yield Grid(("Kind of record", "Events", "Begun"), kinds)
    yield Grid(("Event", "Events"), [(each.name, f"{each.events:,}") for each in volume.names])
    yield from _table(
        volume.days, ("Day (UTC)", "Events"), lambda day: (day.name, f"{day.events:,}"), last=True
    )


def _actors(report: Report) -> Iterator[Block]:
    yield from _table(
        report.actors,
        ("Who", "Through", "Events"),
        lambda actor: (actor.name, actor.via or "", f"{actor.events:,}"),
    )


def _policies(report: Report) -> Iterator[Block]:
    for place, version in enumerate(report.policies):
        at = version.published_at
        said = f"published {_time(at)} by {version.published_by}" if at else "there from the start"
        verb = "was in force when the period began" if not place else "took its place"
        yield Sentence(f"Version {version.version} {verb}: {said}. {version.note}")
        yield Points([(f"SHA-256 {version.digest}", ""), *_changes(version)])


def _changes(version: PolicyVersion) -> Iterator[tuple[str, str]]:
    for each in version.differences[:SHOWN]:
        yield each, ""
    if len(version.differences) > SHOWN:
        yield f"and {len(version.differences) - SHOWN:,} more", ""


def _corrections(report: Report) -> list[Block]:
    def row(each: Correction) -> Row:
        was = each.was if each.was is not None else "nothing"
        return (
            _time(each.recorded_at), each.stream, each.fact, was, each.now, _by(each), each.reason,
            span(each.late_seconds),
        )  # fmt: skip

    heads = ("Recorded", "Incident", "Fact", "Was", "Is", "By", "Why", "After")
    return list(_table(report.corrections, heads, row))


def _late(report: Report) -> Iterator[Block]:
    yield Sentence(
        f"Recorded {span(report.late_seconds)} or more after it happened, the longest delays first."
        " What was imported is not counted, and what was said is not repeated here."
    )

    def row(each: Late) -> Row:
        return (*_line(each), _time(each.occurred_at), span(each.late_seconds))

    yield from _table(report.late, (*HAPPENED, "Happened", "Late"), row)


def _happened(found: Listed[Happened]) -> list[Block]:
    return list(_table(found, HAPPENED, _line))


def _line(each: Happened) -> Row:
    return _time(each.recorded_at), f"{each.position:,}", each.stream, each.says, _by(each)


def _access(report: Report) -> Iterator[Block]:
    found = report.access
    if found is None:
        yield Sentence("No access journal is kept in this place.", marked=True)
        return
    yield Sentence(
        f"{found.entries:,} entries, of which {found.expired:,} have expired. {found.lost:,} reads"
        " could only be counted."
    )
    yield from _table(
        found.readers,
        ("Who", "How", "What", "Through", "Times", "Rows"),
        lambda r: (r.who, r.kind, r.what, r.through, f"{r.times:,}", f"{r.rows:,}"),
    )
    yield Sentence("What was taken away, one by one:")
    yield from _table(
        found.taken,
        ("When", "Who", "What", "What for", "Rows"),
        lambda t: (_time(t["at"]), t["who"], t["what"], t["purpose"], f"{t['rows']:,}"),
    )


def _keys(report: Report) -> list[Block]:
    if report.keys is None:
        return [Sentence("There are no keys in this place.")]

    def row(each: KeyChange) -> Row:
        return _time(each.at), each.key_id, each.change, each.by, each.detail

    return list(_table(report.keys, ("When", "Key", "What", "By", "Detail"), row))


def _checkpoints(report: Report) -> list[Block]:
    def row(each: Signed) -> Row:
        outside = ", ".join(f"{place.place} ({place.kind})" for place in each.outside)
        return f"{each.size:,}", _time(each.made_at), each.root, outside or "nobody"

    heads = ("Events", "Made", "Root", "Kept outside by")
    return list(_table(report.checkpoints, heads, row, last=True))


def _table(
    found: Listed[T], heads: Sequence[str], row: Callable[[T], Row], *, last: bool = False
) -> Iterator[Block]:
    """As many rows as fit, the first or the last of them, and how many there are besides."""
    if not found.count:
        yield Sentence(NOTHING)
        return
    named = found.named[-SHOWN:] if last else found.named[:SHOWN]
    yield Grid(heads, [row(each) for each in named])
    if found.count > len(named):
        which = "earlier" if last else "more"
        yield Sentence(f"And {found.count - len(named):,} {which}; the report as JSON names more.")


def _by(each: Happened) -> str:
    return f"{each.actor} via {each.via}" if each.via else each.actor


def _time(at: datetime | None) -> str:
    return "" if at is None else f"{at:%Y-%m-%d %H:%M:%S}"
