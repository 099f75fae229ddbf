"""An incident for people and for programs: its state, its timeline, and what an event changed."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

import orjson
from rich.text import Text

from tocsin.cli.frame import Session
from tocsin.domain.incident.record import Incident, Related, Workaround
from tocsin.domain.kernel import Recorded
from tocsin.store.mapper import encode
from tocsin.words import words_of

UNSAID = frozenset({"incident_id", "last_said", "reference", "title", "status", "version"})
"""Fields that stand in the headline, or help decisions only."""
UNCOMPARED = frozenset({"version", "incident_id", "struck"})
"""Fields of which the words of each event say enough."""
COLOURS = {
    "reported": "yellow",
    "new": "yellow",
    "in-progress": "cyan",
    "on-hold": "magenta",
    "resolved": "green",
    "closed": "green",
}
LATE = timedelta(minutes=1)
"""Between what happened and its being recorded, from which on the timeline says so."""


def facts(incident: Incident) -> dict[str, Any]:
    """The state as a document: every field but those that only help decisions."""
    return {name: value for name, value in vars(incident).items() if name != "last_said"}


def document(incident: Incident) -> dict[str, Any]:
    """The state as the service answers it too: its facts, and what could be asked of it now."""
    import_module("tocsin.domain.incident.commands")  # what could be asked is found there
    return {**facts(incident), "possible": incident.possible()}


def entry(recorded: Recorded[Any]) -> dict[str, Any]:
    """An event as a document: as it is stored, and in words."""
    stored: dict[str, Any] = orjson.loads(encode(recorded))
    return {**stored, "words": words_of(recorded.event)}


def headline(incident: Incident) -> Text:
    """What it is and how it stands, in one line."""
    status = Text(incident.status, style=COLOURS.get(incident.status, "dim"))
    parts = [Text(incident.reference or str(incident.incident_id), style="bold"), status]
    if incident.priority is not None:
        style = "bold red" if incident.priority == 1 else ""
        parts.append(Text(f"priority {incident.priority}", style=style))
    if incident.major:
        parts.append(Text("MAJOR", style="bold red"))
    return Text("  ").join([*parts, Text(clean(incident.title))])


def lines(session: Session, incident: Incident) -> Iterator[Text]:
    """The facts that are known, one to a line."""
    known = {
        field.name: value
        for field in fields(incident)
        if field.name not in UNSAID
        and (value := getattr(incident, field.name)) not in (None, "", (), {}, 0, False)
    }
    width = max(map(len, known), default=0)
    for name, value in known.items():
        said = said_as(session, value).replace("\n", "\n" + " " * (width + 4))
        yield Text.assemble((f"  {label(name):{width}}  ", "dim"), said)


def moment_line(session: Session, recorded: Recorded[Any]) -> Text:
    """An event as one line of the timeline."""
    text = clean(words_of(recorded.event)).replace("\n", "\n" + " " * 30)
    via = f" via {recorded.via}" if recorded.via else ""
    line = Text.assemble(
        (session.time(recorded.occurred_at), "cyan"),
        (f"  {recorded.version:>3}  ", "dim"),
        text,
        (f"  {clean(recorded.actor)}{via}", "dim italic"),
    )
    if recorded.recorded_at - recorded.occurred_at > LATE and not via.startswith(" via import:"):
        line.append(f"  recorded {session.time(recorded.recorded_at)}", "dim")
    return line


def changes(before: Incident, after: Incident) -> dict[str, tuple[Any, Any]]:
    """What an event changed: each field, as it was and as it is."""
    was, now = facts(before), facts(after)
    return {
        name: (was[name], now[name])
        for name in now
        if name not in UNCOMPARED and was[name] != now[name]
    }


def change_lines(session: Session, changed: Mapping[str, tuple[Any, Any]]) -> Iterator[Text]:
    """The changes of one event, one to a line."""
    for name, (was, now) in changed.items():
        old, new = said_as(session, was), said_as(session, now)
        line = Text(f"      {label(name)}: ", style="dim")
        if old:
            line.append(old, "red strike").append(" → ")
        yield line.append(new or "nothing", "green")


def label(name: str) -> str:
    """A field's name in words."""
    return name.replace("_", " ")


def said_as(session: Session, value: Any) -> str:
    """A value as people read it; nothing for none."""
    match value:
        case None | "" | () | {}:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return session.time(value)
        case Related(kind=kind, target=target):
            return clean(f"{kind} {target}")
        case Workaround():
            return clean(f"{value.name} {value.status}: {value.description}")
        case dict():
            return "\n".join(said_as(session, each) for each in value.values())
        case tuple():
            return ", ".join(said_as(session, each) for each in value)
        case _ if is_dataclass(value):
            parts = (
                (each.name, said_as(session, getattr(value, each.name))) for each in fields(value)
            )
            return "; ".join(f"{label(name)} {said}" for name, said in parts if said)
        case _:
            return clean(str(value))


def clean(text: str) -> str:
    """A text that cannot steer the terminal: what is not printable becomes a question mark."""
    return "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text)


def show(session: Session, incident: Incident, past: Iterable[Recorded[Any]]) -> None:
    """Print the state, and under it the timeline."""
    out = session.out
    out.print(headline(incident))
    for line in lines(session, incident):
        out.print(line)
    out.print()
    for recorded in past:
        out.print(moment_line(session, recorded))


def differences(session: Session, said: Mapping[str, Any]) -> Iterator[Text]:
    """What `tocsin diff` found: the values, then the events that make them."""
    if not said["changes"]:
        yield Text("Nothing differs.", style="dim")
    changed = {
        each["field"].replace(".", " "): (each["was"], each["now"]) for each in said["changes"]
    }
    yield from change_lines(session, changed)
    for title, key in (("Because of", "events"), ("No longer counted", "without")):
        if said[key]:
            yield Text(title, style="bold")
        for each in said[key]:
            yield told_line(session, each)


def reasons(session: Session, said: Mapping[str, Any], *, every: bool) -> Iterator[Text]:
    """What `tocsin why` found; with `every`, also what each value was before."""
    values = said["values"]
    width = max((len(each["field"]) for each in values), default=0)
    for each in values:
        name = label(each["field"]).replace(".", " ")
        value = said_as(session, each["value"]) or "nothing"
        yield Text.assemble((f"{name:{width}}  ", "dim"), (value, "bold"))
        if each["set"] is None:
            yield Text("    nobody ever said anything of it", style="dim")
            continue
        yield told_line(session, each["set"])
        for before in each["earlier"] if every else ():
            was = said_as(session, before["value"]) or "nothing"
            yield Text.assemble("    before: ", (was, "red"))
            yield told_line(session, before["set"])
    for each in said.get("verdicts", ()):
        style = "bold red" if each["verdict"] == "breached" else "green"
        cause = each["cause"]
        by = f"v{cause['version']} {cause['actor']}: {cause['words']}" if cause else "time itself"
        head = Text.assemble((each["verdict"], style), f"  {each['target']}")
        yield head.append(f"  {session.time(each['at'])}  by {clean(by)}", "dim")


def told_line(session: Session, each: Mapping[str, Any]) -> Text:
    """An event, told as a line of a timeline, below what it explains."""
    line = Text.assemble(
        (f"    {session.time(each['occurred_at'])}", "cyan"),
        (f"  {each['version']:>3}  ", "dim"),
        clean(each["words"]).replace("\n", "\n" + " " * 34),
        (f"  {clean(each['actor'])}", "dim italic"),
    )
    if each["recorded_at"] - each["occurred_at"] > LATE:
        line.append(f"  recorded {session.time(each['recorded_at'])}", "dim")
    return line
