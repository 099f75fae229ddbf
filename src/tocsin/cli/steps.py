"""Stepping through a history, forward and back, by folding one event more or less."""

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
from tocsin.cli.seeking import Seeking
from tocsin.domain.incident.record import Incident
from tocsin.domain.kernel import Recorded, aggregate_of

FORWARD = frozenset({"n", " ", "\r", "\n", "j", "l", "\x1b[C", "\x1b[B"})
BACK = frozenset({"b", "p", "k", "h", "\x7f", "\x1b[D", "\x1b[A"})
FIRST = frozenset({"g", "0", "\x1b[H"})
LAST = frozenset({"G", "$", "\x1b[F"})
QUIT = frozenset({"q", "\x1b", "\x03", "\x04"})
END = frozenset({"\x03", "\x04"})
"""What ends it even while something is being typed."""
KEYS = "→ n forward   ← b back   g first   G last   7 G step 7   / field   ; , again   q quit"


class Steps:
    """One history, and a place in it: the step at which one looks."""

    def __init__(self, past: Sequence[Recorded[Any]]) -> None:
        assert past, "a history has a first event"
        self.past = past
        self.kind = aggregate_of(past[0].event)
        self.at = 1
        self.seeking = Seeking(len(past), self.changed)

    @cached_property
    def states(self) -> list[Any]:
        """The state before its first event, and after each one."""
        start = self.kind.initial(self.past[0].stream)
        return list(accumulate(self.past, self.kind.evolve, initial=start))

    @property
    def state(self) -> Any:
        """The state at this place."""
        return self.states[self.at]

    @property
    def named(self) -> dict[str, Any]:
        """What it is the history of."""
        return self.kind.named(self.past[0].stream, self.states[-1])

    def changed(self, step: int) -> dict[str, tuple[Any, Any]]:
        """What the event of a step changed."""
        return changes(self.states[step - 1], self.states[step])

    def press(self, key: str) -> bool:
        """Move as a key says; false when it says to stop. Other keys move nothing."""
        if key in END:
            return False
        sought = self.seeking.press(key, self.at)
        if sought is not None:
            self.at = sought
        elif key in QUIT:
            return False
        elif key in FORWARD:
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
    out.print(_head(steps, steps.state))
    for line in lines(session, steps.state):
        out.print(line)
    out.print()
    out.print(moment_line(session, steps.past[steps.at - 1]))
    for line in change_lines(session, steps.changed(steps.at)):
        out.print(line)
    out.print()
    foot = steps.seeking.typed or steps.seeking.said or KEYS
    out.print(Text(f"{steps.at} of {len(steps.past)}   {foot}", style="dim"))


def _head(steps: Steps, state: Any) -> Text:
    if isinstance(state, Incident):
        return headline(state)
    named = steps.named
    called = named.get("reference") or named[f"{steps.kind.name}_id"]
    return Text(f"{steps.kind.name} of {called}", style="bold")


def print_steps(session: Session, found: Sequence[Steps]) -> None:
    """Every step of every history, with what its event changed."""
    if session.json:
        session.answer({_many(found): [_document(steps) for steps in found]})
        return
    for steps in found:
        session.out.print(_head(steps, steps.states[-1]))
        for step, recorded in enumerate(steps.past, 1):
            session.out.print(moment_line(session, recorded))
            for line in change_lines(session, steps.changed(step)):
                session.out.print(line)


def _many(found: Sequence[Steps]) -> str:
    return f"{found[0].kind.name}s"


def _document(steps: Steps) -> dict[str, Any]:
    return {
        **steps.named,
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
        shown = [{"state": document(steps.states[-1])} for steps in found]
        session.answer({_many(found): shown})
        return
    for steps in found:
        state = steps.states[-1]
        session.out.print(_head(steps, state))
        session.out.print(Text(f"  version {state.version}", style="dim"))
        for line in lines(session, state):
            session.out.print(line)
