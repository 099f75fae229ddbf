"""`tocsin review`: what was learnt from an incident, and what was agreed to be done about it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from tocsin.cli.commands.incident import AS_OF, KNOWN_AT, VERSION
from tocsin.cli.frame import EXITS, Fault, Session, subcommand

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rich.text import Text

    from tocsin.domain.kernel import Recorded
    from tocsin.domain.review.record import ActionItem, Review, ReviewEntry

COLOURS = {"open": "cyan", "published": "green", "agreed": "cyan", "done": "green"}


@subcommand("review", exits=f"{EXITS} Without such an incident, or its review: 1.")
@click.argument("names", nargs=-1, required=True, metavar="INC...")
@AS_OF
@KNOWN_AT
@VERSION
def command(
    session: Session,
    names: tuple[str, ...],
    as_of: datetime | None,
    known_at: datetime | None,
    version: int | None,
) -> None:
    """Show the reviews of incidents: findings, causes, lessons, and how the actions stand.

    INC is a reference, an id, or the number that an imported incident had before; or the id of the
    review.
    """
    from importlib import import_module
    from uuid import UUID

    from tocsin.cli.accesses import noted
    from tocsin.cli.histories import reading

    with reading(session) as log:
        found = [_history(session, log, name, as_of, known_at, version) for name in names]
        noted(session, log, "read", [UUID(past[0].event.incident_id) for past in found])
    if session.json:
        import_module("tocsin.domain.review.commands")  # what could be asked is found there
        session.answer({"reviews": [_document(past) for past in found]})
        return
    for number, past in enumerate(found):
        if number:
            session.out.print()
        for line in _lines(session, past):
            session.out.print(line)


def _history(
    session: Session,
    log: Any,
    name: str,
    as_of: datetime | None,
    known_at: datetime | None,
    version: int | None,
) -> "list[Recorded[Any]]":
    """A review's events, as far as they are wanted.

    Raises:
        Fault: there is no such incident, no review of it, or nothing of it that early or late.
    """
    from tocsin.cli.histories import find, missing, moment_of
    from tocsin.domain.kernel import aggregate_of
    from tocsin.domain.review.state import REVIEW, review_stream
    from tocsin.past.moments import NotThen, then

    stream = find(log, name)
    own = log.history(stream, until=1)
    if aggregate_of(own[0].event) is not REVIEW:
        stream = review_stream(stream)
    past: list[Recorded[Any]] = log.history(stream)
    if not past:
        raise Fault(f"There is no review of {name}. POST /reviews opens one.")
    at = moment_of(session, version, as_of, known_at)
    try:
        return list(then(REVIEW, past, at).course)
    except NotThen as error:
        raise missing(f"The review of {name}", error) from error


def _state(past: "list[Recorded[Any]]") -> "Review":
    from tocsin.domain.review.state import REVIEW

    return REVIEW.fold(past[0].stream, past)


def _document(past: "list[Recorded[Any]]") -> dict[str, Any]:
    from tocsin.domain.review.words import words

    state = _state(past)
    told = [
        {
            "version": each.version,
            "occurred_at": each.occurred_at,
            "actor": each.actor,
            "event": each.event.event_name,
            "words": words(each.event),
        }
        for each in past
    ]
    return {"state": {**vars(state), "possible": state.possible()}, "timeline": told}


def _lines(session: Session, past: "list[Recorded[Any]]") -> "Iterator[Text]":
    review = _state(past)
    yield from _head(session, review)
    yield from _entries("Findings", review.findings)
    yield from _entries("Contributing factors", review.factors)
    if review.root_cause:
        yield from _titled("Root cause", [review.root_cause])
    yield from _entries("Lessons", review.lessons)
    if review.actions:
        yield _title("Actions")
    for action in review.actions.values():
        yield from _action(session, action)


def _head(session: Session, review: "Review") -> "Iterator[Text]":
    from rich.text import Text

    name = review.reference or str(review.incident_id)
    status = Text(review.status, style=COLOURS.get(review.status, ""))
    must = [Text("MANDATORY", style="bold")] if review.mandatory else []
    title = Text(_clean(review.title))
    yield Text("  ").join([Text(f"Review of {name}", style="bold"), status, *must, title])
    opened = session.time(review.opened_at) if review.opened_at else ""
    facts = {
        "reason": review.reason,
        "opened": f"{opened} by {review.opened_by}",
        "mandatory because": review.mandatory_because,
        "led by": review.facilitator,
        "taking part": ", ".join(review.participants),
        "due": session.time(review.due_at) if review.due_at else None,
        "published": _published(session, review),
        "reopened because": review.reopened_because,
        "summary": review.summary,
    }
    width = max(map(len, facts))
    for label, said in facts.items():
        if said:
            yield Text.assemble((f"  {label:{width}}  ", "dim"), _wrapped(said, width + 4))


def _published(session: Session, review: "Review") -> str | None:
    if review.published_at is None:
        return None
    return f"{session.time(review.published_at)} by {review.published_by}, edition {review.edition}"


def _entries(title: str, entries: "Mapping[str, ReviewEntry]") -> "Iterator[Text]":
    from rich.text import Text

    if entries:
        yield _title(title)
    for entry in entries.values():
        kind = f" ({entry.kind})" if entry.kind else ""
        shown = f" [{entry.evidence}]" if entry.evidence else ""
        said = _wrapped(f"{entry.text}{shown}", 7)
        if entry.stands:
            yield Text.assemble((f"  {entry.name:3}{kind} ", "bold"), said)
        else:
            why = f"  withdrawn: {entry.withdrawn_because}"
            yield Text.assemble((f"  {entry.name:3}{kind} {said}", "strike dim"), _clean(why))


def _action(session: Session, action: "ActionItem") -> "Iterator[Text]":
    from rich.text import Text

    late = action.open and action.due_at < datetime.now(UTC)
    state = ("OVERDUE", "bold red") if late else (action.state, COLOURS.get(action.state, "dim"))
    yield Text.assemble(
        (f"  {action.name:3} ", "bold"),
        state,
        f"  {_clean(action.owner)}, until {session.time(action.due_at)} ({action.kind}): ",
        _wrapped(action.what, 7),
    )
    if not action.open:
        outcome = action.evidence or action.dropped_because
        yield Text(f"       {_wrapped(outcome, 7)}", style="dim")


def _titled(title: str, lines: "Iterable[str]") -> "Iterator[Text]":
    from rich.text import Text

    yield _title(title)
    yield from (Text(f"  {_wrapped(each, 2)}") for each in lines)


def _title(title: str) -> "Text":
    from rich.text import Text

    return Text(f"\n{title}", style="bold")


def _wrapped(text: str, indent: int) -> str:
    return _clean(text).replace("\n", "\n" + " " * indent)


def _clean(text: str) -> str:
    from tocsin.cli.picture import clean

    return clean(text)
