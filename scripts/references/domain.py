"""The pages about the domain: what can be asked, what can happen, why not, and in which words."""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from dataclasses import fields
from enum import EnumType, StrEnum
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Any, get_args, get_type_hints

from scripts.references import words
from scripts.references.markdown import (
    anchor,
    cell,
    codes,
    default,
    doc,
    kind,
    notes,
    sentence,
    table,
)
from scripts.references.rules import Outcomes
from tocsin import asks, domain
from tocsin.aggregates import collection
from tocsin.domain.clock.events import ClockEvent
from tocsin.domain.evidence.events import (
    EvidenceAccessed,
    EvidenceAttached,
    EvidenceChecked,
)
from tocsin.domain.incident import commands, values
from tocsin.domain.incident.command import IncidentCommand
from tocsin.domain.incident.values import KNOWN, OPEN, WORKABLE, Status
from tocsin.domain.kernel import AGGREGATES, COMMANDS, EVENTS, REFUSALS, Command, Event, Refused
from tocsin.domain.personal import Personal
from tocsin.domain.policy import DEFAULT_DOCUMENT, keys
from tocsin.domain.policy import values as policy_values
from tocsin.domain.review import commands as review_commands
from tocsin.domain.review import values as review_values
from tocsin.domain.review.command import ReviewCommand
from tocsin.domain.review.events import ActionReminded, ReviewMadeMandatory
from tocsin.domain.review.values import ReviewStatus
from tocsin.domain.subject import values as subject_values
from tocsin.domain.subject.events import SubjectPurged

EVERYWHERE = (asks.InTheFuture, asks.BeforeItBegan, asks.HistoryFull)
"""Refusals of the desk, which any command may meet."""
NAMED_SETS = {
    frozenset(KNOWN): "any status once it is reported",
    frozenset(OPEN): "any open status",
    frozenset(WORKABLE): "any open status once it is logged",
}


def chapters() -> Iterator[tuple[str, list[type[Command[Any]]]]]:
    """The chapters of an incident's life, each with its commands as the source orders them; those
    of a review; then the other aggregates, whose commands stand on one page each."""
    for package in (commands, review_commands):
        life = package.__name__.rpartition(".")[0]
        found = {
            each.name: f"{life}.chapters.{each.name}" for each in iter_modules(package.__path__)
        }
        for name in sorted(found, key=lambda each: _begins(found[each])):
            module = import_module(f"{package.__name__}.{name}")
            title = doc(module)
            if package is review_commands:
                title = f"Reviews: {title[0].lower()}{title[1:]}"
            yield title, _commands_in(module)
    for aggregate in others():
        found_there = _commands_in(import_module(f"{domain.__name__}.{aggregate}.commands"))
        if found_there:
            yield doc(import_module(f"{domain.__name__}.{aggregate}.commands")), found_there


def others() -> Iterator[str]:
    """The aggregates besides incidents and reviews, the policy first."""
    names = {each.name for each in iter_modules(domain.__path__)} & AGGREGATES.keys()
    yield from ("policy", *sorted(names - {"incident", "review", "policy"}))


def _commands_in(module: ModuleType) -> list[type[Command[Any]]]:
    """Those that can be asked for: what time asks has no path."""
    there = set(COMMANDS.values())
    mine = (each for each in vars(module).values() if isinstance(each, type) and each in there)
    return [each for each in mine if each.__module__ == module.__name__]


def _begins(chapter: str) -> int:
    """Where the first event of a chapter stands in the list of all: its place in a life."""
    module = import_module(chapter)
    order = list(EVENTS.values())
    return min(order.index(each) for each in get_args(module.Chapter))


def statuses(command: type[Command[Any]]) -> str:
    """When the lifecycle has such a step."""
    if issubclass(command, ReviewCommand):
        return f"the review is {codes(each for each in ReviewStatus if each in command.statuses)}"
    if not issubclass(command, IncidentCommand):
        return "always"
    named = NAMED_SETS.get(command.statuses)
    return named or codes(status for status in Status if status in command.statuses)


def commands_page() -> str:
    """Every command."""
    parts = [
        words.COMMANDS,
        f"Any of them may also be refused as {_refusals(EVERYWHERE)}.\n",
    ]
    for title, mine in chapters():
        parts.append(f"## {title.rstrip('.')}\n")
        parts += [_command(each) for each in mine]
    return "\n".join(parts)


def _command(command: type[Command[Any]]) -> str:
    outcomes = Outcomes.of(command)
    root = f"/{collection(command.aggregate.name)}"
    route = root if command.creates else f"{root}/{{id}}/{command.path}"
    if command.aggregate.only:
        route = f"/{command.aggregate.name}"
    common = {f.name for f in fields(Command)} | set(command.filled_by_desk)
    hints, said = get_type_hints(command, include_extras=True), notes(command)
    rows = [
        (f"`{f.name}`", kind(hints[f.name]), default(f), said.get(f.name, ""))
        for f in fields(command)
        if f.name not in common
    ]
    there = f"there is no such {command.aggregate.name} yet"
    when = there if command.creates else statuses(command)
    return "\n".join(
        part
        for part in (
            f"### {command.path}\n",
            f"`POST {route}`\n",
            f"{doc(command)}\n",
            table(("Field", "Type", "Default", "Meaning"), rows) or "It takes no other fields.\n",
            f"- Possible while: {when}",
            f"- Records: {_events(outcomes.events)}",
            f"- Refused as: {_refusals(outcomes.refusals) or 'nothing of its own'}\n",
        )
    )


def _events(found: Any) -> str:
    return ", ".join(f"[`{e.event_name}`](events.md#{anchor(e.event_name)})" for e in found)


def _refusals(found: Any) -> str:
    return ", ".join(f"[`{r.code}`](refusals.md#{anchor(r.code)})" for r in found)


def events_page() -> str:
    """Every event, in the order of the unions."""
    led_to: dict[type[Event], list[str]] = {}
    for _, mine in chapters():
        for command in mine:
            for event in Outcomes.of(command).events:
                led_to.setdefault(event, []).append(command.path)
    parts = [
        words.EVENTS,
    ]
    places = {name: place for place, name in enumerate(("incident", "review", *others()))}
    known = (each for each in EVENTS.values() if each.event_name.partition(".")[0] in places)
    order = sorted(known, key=lambda each: places[each.event_name.partition(".")[0]])
    parts += [_event(event, led_to.get(event, [])) for event in order]
    return "\n".join(parts)


BY_ROUTE: dict[type[Event], str] = {
    EvidenceAttached: "`POST /incidents/{id}/evidence`",
    EvidenceAccessed: "`GET /evidence/{id}/content`",
    EvidenceChecked: "`POST /evidence/{id}/check`",
}
"""What is recorded by those who do it, and asked for by no command."""


def _others(event: type[Event]) -> str:
    """Who records what nobody asks for."""
    if event in BY_ROUTE:
        return BY_ROUTE[event]
    by_itself = event in (*get_args(ClockEvent), ActionReminded)
    if event is SubjectPurged:
        return "whichever server has done it, when it is done"
    if event is ReviewMadeMandatory:
        return "the reviewer, when the incident is resolved or closed"
    return "the timekeeper" if by_itself else "imports only"


def _event(event: Any, paths: list[str]) -> str:
    hints, said = get_type_hints(event), notes(event)
    rows = [
        (
            f"`{f.name}`",
            kind(hints[f.name]),
            default(f),
            _sealed(event, f.name),
            said.get(f.name, ""),
        )
        for f in fields(event)
    ]
    links = ", ".join(f"[`{path}`](commands.md#{anchor(path)})" for path in paths)
    return "\n".join(
        (
            f"## {event.event_name}\n",
            f"{doc(event)}\n",
            f"Class `{event.__name__}`, schema {event.schema}.\n",
            f"Recorded by {links or _others(event)}.\n",
            table(("Field", "Type", "Default", "Sealed", "Meaning"), rows) or "It has no fields.\n",
        )
    )


def _sealed(event: type[Event], field: str) -> str:
    """Under whose key it is stored."""
    kind = event.about_people.get(field)
    return {Personal.PERSON: "person", Personal.TEXT: "stream", None: ""}[kind]


def refusals_page() -> str:
    """Every refusal, those of the desk first."""
    raised: dict[type[Refused], list[str]] = {}
    for _, mine in chapters():
        for command in mine:
            for refusal in Outcomes.of(command).refusals:
                raised.setdefault(refusal, []).append(command.path)
    parts = [
        words.REFUSALS,
    ]
    ordered = [*EVERYWHERE, *(each for each in REFUSALS.values() if each not in EVERYWHERE)]
    parts += [_refusal(each, raised.get(each, [])) for each in ordered]
    return "\n".join(parts)


def _refusal(refusal: type[Refused], paths: list[str]) -> str:
    links = ", ".join(f"[`{path}`](commands.md#{anchor(path)})" for path in paths)
    anybody = refusal in EVERYWHERE or len(paths) == len(COMMANDS)
    return "\n".join(
        (
            f"## {refusal.code}\n",
            f"{doc(refusal)}\n",
            f"- Facts: {codes(facts(refusal)) or 'none'}",
            f"- Met by: {'any command' if anybody else links or 'whoever attaches evidence'}\n",
        )
    )


def facts(refusal: type[Refused]) -> list[str]:
    """The attributes that a refusal sets on itself."""
    if "__init__" not in vars(refusal):
        return []
    tree = ast.parse(textwrap.dedent(inspect.getsource(refusal)))
    return [
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
    ]


def policy_page() -> str:
    """Every key of a policy document, the words it may use, and the default one."""
    heads = ("Key", "Meaning")
    parts = [words.POLICY]
    for title, known in {"The document": keys.DOCUMENT, **keys.SECTIONS}.items():
        shown = title if known is keys.DOCUMENT else codes(title.split(", "))
        parts += [f"## {shown}\n", table(heads, ((f"`{k}`", said) for k, said in known.items()))]
    parts += ["## Words\n", *_lists(policy_values, "### ")]
    return "\n".join([*parts, f"## The default\n\n```toml\n{DEFAULT_DOCUMENT}```\n"])


def values_page() -> str:
    """Every closed list of words."""
    return "\n".join(
        [
            words.VALUES,
            *_lists(values, "## "),
            *_lists(review_values, "## "),
            *_lists(subject_values, "## "),
        ]
    )


def _lists(module: ModuleType, level: str) -> Iterator[str]:
    lists: list[Any] = [
        each
        for each in vars(module).values()
        if isinstance(each, EnumType) and each.__module__ == module.__name__
    ]
    for each in lists:
        ranked = not issubclass(each, StrEnum)
        shown = (f"{m.value} ({m.name.lower()})" if ranked else m.value for m in each)
        yield f"{level}{each.__name__}\n"
        yield f"{cell(sentence(each))} {codes(shown)}.\n"
