"""An incident told line by line, and what the clocks say of it, in words that fit into a table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from tocsin.domain.clock.agenda import Act, acts
from tocsin.domain.clock.course import Course
from tocsin.domain.clock.happening import Happening, happening, in_order
from tocsin.domain.clock.plan import Rulebooks
from tocsin.domain.clock.reckoning import Reckoning, reckon
from tocsin.domain.clock.story import Told, explain
from tocsin.domain.clock.timer import Timer
from tocsin.domain.incident import events as e
from tocsin.domain.incident.values import HoldReason
from tocsin.domain.kernel import Event, Recorded, replace
from tocsin.domain.openings import MINUTE_US, instant, microseconds
from tocsin.domain.policy.events import PolicyPublished
from tocsin.domain.policy.state import POLICY_STREAM
from tocsin.policies.publishing import read

E = TypeVar("E", bound=Event)
INCIDENT = UUID("6d1f6d63-6c9a-4b0e-9f0a-3c1f5a3f7b11")
COMMAND_ID = UUID(int=7)
MONDAY = "2026-03-02"
MATRIX = """\
[priorities]
high   = { high = 1, medium = 2, low = 3 }
medium = { high = 2, medium = 3, low = 4 }
low    = { high = 3, medium = 4, low = 5 }
"""


def prioritised(priority: int) -> e.IncidentPrioritised:
    """A priority that somebody set by hand."""
    return e.IncidentPrioritised(priority=priority, override_reason="So it is.")


def held(reason: HoldReason = HoldReason.AWAITING_CALLER) -> e.IncidentHeld:
    """Work waits, without an end."""
    return e.IncidentHeld(reason=reason)


def sla(
    name: str,
    goal: str,
    more: str = "",
    *,
    measure: str = "resolution",
    priority: Sequence[int] = (),
) -> str:
    """A target of a document; `more` are lines of their own."""
    when = f"when = {{ priority = {list(priority)} }}\n" if priority else ""
    return f'[[sla]]\nname = "{name}"\nmeasure = "{measure}"\ngoal = "{goal}"\n{when}{more}\n'


def published(*documents: str, before: Sequence[int] = (1,)) -> Rulebooks:
    """Documents, published one after another as versions 2, 3, ...: each one just before the
    event at that position of the log."""
    rules = Rulebooks()
    for version, (document, place) in enumerate(zip(documents, before, strict=True), 2):
        known = read(document).policy
        event = PolicyPublished(
            version=version, document=document, compiled=known.compiled, note="A test."
        )
        rules.add(in_log(event, POLICY_STREAM, version - 1, place - 1, instant(0)))
    return rules


def in_log(
    event: E,
    stream: UUID,
    version: int,
    position: int,
    at: datetime,
    recorded_at: datetime | None = None,
) -> Recorded[E]:
    """An event in its envelope, as the log would hold it."""
    return Recorded(
        stream=stream,
        version=version,
        position=position,
        actor="dana",
        occurred_at=at,
        recorded_at=recorded_at or at,
        command_id=COMMAND_ID,
        event=event,
    )


class Stand(NamedTuple):
    """How a timer stands, in the words of a table."""

    target: str
    cycle: int
    state: str
    spent: str
    paused: str
    at: str
    """When it was broken or ended, or else is due; nothing while it is paused."""


@dataclass(frozen=True)
class Life:
    """What happened to one incident, and the rules under which it did."""

    rules: Rulebooks
    zone: tzinfo = UTC
    history: tuple[Recorded[e.IncidentEvent], ...] = ()

    def on(self, at: str, *events: e.IncidentEvent, known: str | None = None) -> "Life":
        """It goes on at a local time, maybe `known` only later."""
        occurred, recorded = self.at(at), self.at(known or at)
        told = (
            in_log(event, INCIDENT, place, place, occurred, recorded)
            for place, event in enumerate(events, len(self.history) + 1)
        )
        return replace(self, history=(*self.history, *told))

    def until(self, at: str) -> "Life":
        """The same life, as far as it had come."""
        past = (each for each in self.history if each.occurred_at <= self.at(at))
        return replace(self, history=tuple(past))

    @property
    def course(self) -> Course:
        """What became of its clocks."""
        return Course(self.rules).follow(in_order(self.happenings()))

    def at(self, local: str) -> datetime:
        """The instant of a local time, as in `2026-03-03 09:00`; without a date, of that Monday."""
        local = local if " " in local else f"{MONDAY} {local}"
        return datetime.fromisoformat(local).replace(tzinfo=self.zone).astimezone(UTC)

    def us(self, local: str) -> int:
        """The same in microseconds since 1970."""
        return microseconds(self.at(local))

    def happenings(self) -> list[Happening]:
        """What clocks know of it."""
        seen = (happening(each, self.rules.in_force(each.position)) for each in self.history)
        return [each for each in seen if each is not None]

    def reckoned(self, as_of: str, *, ahead: bool = False) -> Reckoning:
        """Every clock at a local time."""
        return reckon(self.happenings(), self.rules, self.us(as_of), ahead=ahead)

    def timers(self, as_of: str, target: str | None = None) -> list[Timer]:
        """Every timer at a local time, or those of one target."""
        timers = self.reckoned(as_of).timers
        return [each for each in timers if target in (None, each.target)]

    def timer(self, as_of: str, target: str | None = None) -> Timer:
        """The one timer that there is."""
        (found,) = self.timers(as_of, target)
        return found

    def stands(self, as_of: str, target: str | None = None) -> list[Stand]:
        """How every timer stands at a local time."""
        return [self.stand(each) for each in self.timers(as_of, target)]

    def stand(self, timer: Timer) -> Stand:
        """How one timer stands."""
        return Stand(
            timer.target,
            timer.cycle,
            timer.state,
            length(timer.spent_us),
            length(timer.paused_us),
            self.shown(timer.breached or timer.ended or timer.due),
        )

    def shown(self, at: int | None) -> str:
        """An instant as a local time, as in `Mon 2 Mar 09:00`."""
        if at is None:
            return ""
        local = instant(at).astimezone(self.zone)
        return f"{local:%a} {local.day} {local:%b %H:%M}"

    def acts(self, as_of: str, *, ahead: bool = True) -> list[Act]:
        """What fell due and, with `ahead`, what will."""
        return acts(self.reckoned(as_of, ahead=ahead), self.rules)

    def falls_due(self, as_of: str) -> Iterator[tuple[str, str]]:
        """When each act is due, and what it is called."""
        for act in self.acts(as_of):
            kind, name, mark = act.named
            yield self.shown(act.due), " ".join(part for part in (kind, name, mark) if part)

    def told(self, as_of: str, target: str) -> list[Told]:
        """The timers of one target with what happened to them."""
        found = explain(self.happenings(), self.rules, self.us(as_of))
        return [each for each in found if each.timer.target == target]

    def changes(self, as_of: str, target: str) -> list[str]:
        """What happened to the one timer of a target: when, what, by whom, after how long."""
        (told,) = self.told(as_of, target)
        return [
            f"{self.shown(each.at)} {each.kind}"
            f"{f' ({each.reason})' if each.reason else ''}"
            f"{f' v{each.by}' if each.by is not None else ''} {length(each.spent_us)}"
            for each in told.changes
        ]


def due(life: Life, as_of: str = "09:00") -> list[tuple[str, str]]:
    """What falls due on that Monday or after it, by the clock."""
    return [(at.removeprefix("Mon 2 Mar "), what) for at, what in life.falls_due(as_of)]


def fields(life: Life, kind: str) -> list[dict[str, Any]]:
    """What the acts of one kind say."""
    return [dict(act.fields) for act in life.acts("09:00") if act.named[0] == kind]


def length(us: int) -> str:
    """A length of whole minutes, as in `2h 05m`."""
    minutes, rest = divmod(us, MINUTE_US)
    assert rest == 0, f"{us} microseconds are no whole minutes"
    hours, left = divmod(minutes, 60)
    return f"{hours}h {left:02d}m" if hours else f"{left}m"
