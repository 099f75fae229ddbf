"""Stepping through an incident's history, forward and back, by folding one event more or less."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import accumulate
from typing import Any

from rich.text import Text

from tocsin.cli.frame import Session
from tocsin.cli.picture import (
    change_lines,
    changes,
    document,
    entry,
    headline,
    lines,
    moment_line,
)
from tocsin.domain.incident.state import INCIDENT, Incident
from tocsin.domain.kernel import Recorded

FORWARD = frozenset({"n", " ", "\r", "\n", "j", "l", "\x1b[C", "\x1b[B"})
BACK = frozenset({"b", "p", "k", "h", "\x7f", "\x1b[D", "\x1b[A"})
FIRST = frozenset({"g", "0", "\x1b[H"})
LAST = frozenset({"G", "$", "\x1b[F"})
QUIT = frozenset({"q", "\x1b", "\x03", "\x04"})
KEYS = "→ n space forward   ← b back   g first   G last   q quit"


class Steps:
    """One history, and a place in it: the version at which one looks."""

    def __init__(self, past: Sequence[Recorded[Any]]) -> None:
        assert past, "an incident has a first event"
        self.past = past
        self.at = 1

    @cached_property
    def states(self) -> list[Incident]:
        """The incident before its first event, and after each one."""
        start = INCIDENT.initial(self.past[0].stream)
        return list(accumulate(self.past, INCIDENT.evolve, initial=start))

    @property
    def state(self) -> Incident:
        """The incident at this place."""
        return self.states[self.at]

    def changed(self, step: int) -> dict[str, tuple[Any, Any]]:
        """What the event of a step changed."""
        return changes(self.states[step - 1], self.states[step])

    def press(self, key: str) -> bool:
        """Move as a key says; false when it says to stop. Other keys move nothing."""
        if key in QUIT:
            return False
        if key in FORWARD:
            self.at = min(self.at + 1, len(self.past))
        elif key in BACK:
            self.at = max(self.at - 1, 1)
        elif key in FIRST:
            self.at = 1
        elif key in LAST:
            self.at = len(self.past)
        return True


def play(session: Session, steps: Steps, keys: Iterator[str]) -> None:
    """Show one step at a time, and go where the keys say until they say to stop."""
    _screen(session, steps)
    for key in keys:
        if not steps.press(key):
            break
        _screen(session, steps)


def _screen(session: Session, steps: Steps) -> None:
    out = session.out
    out.clear()
    out.print(headline(steps.state))
    for line in lines(session, steps.state):
        out.print(line)
    out.print()
    out.print(moment_line(session, steps.past[steps.at - 1]))
    for line in change_lines(session, steps.changed(steps.at)):
        out.print(line)
    out.print()
    out.print(Text(f"{steps.at} of {len(steps.past)}   {KEYS}", style="dim"))


def print_steps(session: Session, found: Sequence[Steps]) -> None:
    """Every step of every history, with what its event changed."""
    if session.json:
        session.answer({"incidents": [_document(steps) for steps in found]})
        return
    for steps in found:
        session.out.print(headline(steps.states[-1]))
        for step, recorded in enumerate(steps.past, 1):
            session.out.print(moment_line(session, recorded))
            for line in change_lines(session, steps.changed(step)):
                session.out.print(line)


def _document(steps: Steps) -> dict[str, Any]:
    return {
        "incident_id": steps.past[0].stream,
        "reference": steps.states[-1].reference,
        "steps": [
            {
                **entry(recorded),
                "changed": {
                    name: {"was": was, "now": now} for name, (was, now) in steps.changed(n).items()
                },
            }
            for n, recorded in enumerate(steps.past, 1)
        ],
    }


def print_states(session: Session, found: Sequence[Steps]) -> None:
    """The state at the end of what was asked for, and nothing else."""
    if session.json:
        session.answer({"incidents": [{"state": document(each)} for each in _ends(found)]})
        return
    for incident in _ends(found):
        session.out.print(headline(incident))
        session.out.print(Text(f"  version {incident.version}", style="dim"))
        for line in lines(session, incident):
            session.out.print(line)


def _ends(found: Sequence[Steps]) -> list[Incident]:
    return [steps.states[-1] for steps in found]
