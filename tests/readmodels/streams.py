"""Logs for tests: in memory, plausible or wild, with a broken event where one is wanted."""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from enum import EnumType
from typing import Any, get_args, get_type_hints
from uuid import UUID

import orjson
from hypothesis import strategies as st

from tocsin.domain.incident import events
from tocsin.domain.incident.values import (
    EscalationKind,
    Fact,
    HoldReason,
    Impact,
    LinkKind,
    Source,
    Status,
    Urgency,
    Visibility,
)
from tocsin.domain.kernel import Event, Recorded
from tocsin.domain.policy.events import PolicyPublished
from tocsin.domain.policy.state import POLICY_STREAM
from tocsin.store.entries import StoreUnavailable
from tocsin.store.mapper import decode, encode

BEGIN = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


class Memory:
    """A log in memory, stored as bytes as a real one is, so that an event can be unreadable."""

    def __init__(self, history: Iterable[Recorded[Any]] = ()) -> None:
        self.bodies: list[bytes] = [encode(recorded) for recorded in history]

    def head(self) -> int:
        return len(self.bodies)

    def page(self, after: int, limit: int) -> Sequence[Recorded[Any]]:
        return [decode(body) for body in self.bodies[after : after + limit]]

    def raw_page(self, after: int, limit: int) -> Sequence[tuple[int, bytes]]:
        return list(enumerate(self.bodies[after : after + limit], after + 1))

    def raw_part(self, names: Sequence[str], part: range, after: int, until: int) -> list[bytes]:
        found = []
        for body in self.bodies[after:until]:
            known = orjson.loads(body)
            if UUID(known["stream"]).int & 0xFFFF in part or known["event"] in names:
                found.append(body)
        return found

    def decoded(self, bodies: Sequence[bytes]) -> Sequence[Recorded[Any]]:
        return [decode(body) for body in bodies]

    def history(
        self, stream: UUID, after: int = 0, until: int | None = None
    ) -> Sequence[Recorded[Any]]:
        return [decode(body) for body in self.raw_history(stream, after, until)]

    def raw_history(
        self, stream: UUID, after: int = 0, until: int | None = None
    ) -> Sequence[bytes]:
        wanted = b'"stream":"%b"' % str(stream).encode()
        return [body for body in self.bodies if wanted in body][after:until]

    def add(self, history: Iterable[Recorded[Any]]) -> None:
        self.bodies += [encode(recorded) for recorded in history]


class Locked(Memory):
    """A log with sealed values, whose vault is away or not."""

    locked = False

    def page(self, after: int, limit: int) -> Sequence[Recorded[Any]]:
        page = super().page(after, limit)
        return self._opened(page) if page else page

    def history(
        self, stream: UUID, after: int = 0, until: int | None = None
    ) -> Sequence[Recorded[Any]]:
        return self._opened(super().history(stream, after, until))

    def _opened(self, events: Sequence[Recorded[Any]]) -> Sequence[Recorded[Any]]:
        if self.locked:
            raise StoreUnavailable("The vault cannot be read.")
        return events


def stream(number: int) -> UUID:
    return UUID(int=0x1000_0000 + number * 7919)


class Scribe:
    """Puts events into envelopes: positions and versions count, time goes on."""

    def __init__(self) -> None:
        self.position = 0
        self.versions: dict[UUID, int] = {}

    def record(
        self, of: UUID, event: Event, at: datetime | None = None, actor: str = "ann"
    ) -> Recorded[Any]:
        self.position += 1
        self.versions[of] = self.versions.get(of, 0) + 1
        now = BEGIN + timedelta(minutes=self.position)
        return Recorded(
            stream=of,
            version=self.versions[of],
            position=self.position,
            actor=actor,
            via=None,
            occurred_at=at or now,
            recorded_at=now,
            command_id=UUID(int=self.position),
            event=event,
        )


def told(*told: tuple[int, Event]) -> list[Recorded[Any]]:
    """A history of numbered incidents; number 0 is the policy."""
    scribe = Scribe()
    return [
        scribe.record(stream(number) if number else POLICY_STREAM, each) for number, each in told
    ]


def plausible(incidents: int, seed: int = 1, interleaved: int = 50) -> list[Recorded[Any]]:
    """Many incidents that live at the same time, each from its report to its end."""
    dice = random.Random(seed)
    scribe, waiting = Scribe(), list(range(incidents, 0, -1))
    living: list[tuple[UUID, list[Event]]] = []
    history = []
    while waiting or living:
        while waiting and len(living) < interleaved:
            number = waiting.pop()
            living.append((stream(number), life(number, dice)))
        at = dice.randrange(len(living))
        of, left = living[at]
        history.append(scribe.record(of, left.pop(0), actor=f"person {dice.randrange(40)}"))
        if not left:
            living.pop(at)
    return history


def life(number: int, dice: random.Random) -> list[Event]:
    """What happens to one incident."""
    group = f"group {dice.randrange(30)}"
    lived: list[Event] = [
        events.IncidentReported(
            title=f"Something is wrong with thing {number}",
            description="It does not do what it did yesterday, since about nine.",
            source=dice.choice(list(Source)),
            reporter=f"caller {dice.randrange(500)}",
            services=(f"service {dice.randrange(9)}",),
        ),
        events.IncidentLogged(reference=f"INC{number:07}"),
        events.IncidentCategorised(category=f"category {dice.randrange(50)}"),
        events.IncidentPrioritised(
            priority=dice.randint(1, 5),
            impact=dice.choice(list(Impact)),
            urgency=dice.choice(list(Urgency)),
            policy_version=1,
        ),
        events.IncidentAssigned(group=group, level=1),
        events.IncidentAcknowledged(),
    ]
    between: list[Callable[[], list[Event]]] = [
        lambda: [events.IncidentNoted(text="Looked at it.", visibility=Visibility.INTERNAL)],
        lambda: [events.IncidentHeld(reason=dice.choice(list(HoldReason))), RESUMED],
        lambda: [events.IncidentAssigned(group=group, assignee=f"person {dice.randrange(40)}")],
        lambda: [events.IncidentEscalated(kind=EscalationKind.FUNCTIONAL, level=2)],
        lambda: [events.IncidentLinked(kind=LinkKind.PROBLEM, target=f"PRB{number % 100}")],
        lambda: [RESOLVED, events.IncidentReopened(reason="Still broken.")],
    ]
    for _ in range(dice.randrange(4)):
        lived += dice.choice(between)()
    ends: list[list[Event]] = [
        [RESOLVED],
        [RESOLVED, events.ResolutionConfirmed(confirmed_by="ben", satisfaction=4), CLOSED],
        [RESOLVED, CLOSED],
        [],
    ]
    return lived + dice.choice(ends)


RESUMED = events.IncidentResumed()
RESOLVED = events.IncidentResolved(resolution_code="fixed", resolution="Put it right.")
CLOSED = events.IncidentClosed(closure_code="done")
REPORTED = events.IncidentReported(title="Mail is down", source=Source.USER_REPORT)
LOGGED = events.IncidentLogged(reference="INC0000001")
IMPORTED = events.IncidentImported(
    system="servicenow",
    foreign_id="INC0000045",
    foreign_status="Awaiting User Info",
    status=Status.ON_HOLD,
    attributes={"contact_type": "Phone"},
)


def published(note: str) -> PolicyPublished:
    """Another policy; what it says matters to nobody here."""
    return PolicyPublished(version=2, document="", compiled="", note=note)


def _text(name: str) -> st.SearchStrategy[str]:
    words = ["", "mail", 'a "quoted" word', "50 % off_", "Ärger\nund mehr", "x" * 300]
    return st.sampled_from(words).map(lambda word: f"{name}: {word}")


INSTANTS = st.datetimes(
    min_value=BEGIN.replace(tzinfo=None),
    max_value=BEGIN.replace(tzinfo=None) + timedelta(days=300),
    timezones=st.just(UTC),
)
NAMES = st.sampled_from(["network", "mail", "(none)", "O'Brien", "Ä"])


def _values(name: str, hint: Any) -> st.SearchStrategy[Any]:
    """Values of one field of an event: few of each, so that histories meet."""
    kinds = [kind for kind in get_args(hint) if kind is not type(None)]
    if kinds and type(None) in get_args(hint):
        return st.none() | _values(name, kinds[0])
    if hint is str:
        return NAMES if name in {"group", "assignee", "workaround", "target"} else _text(name)
    if hint is datetime:
        return INSTANTS
    if hint is int:
        return st.integers(1, 5)
    if hint == tuple[str, ...]:
        return st.lists(NAMES, max_size=2).map(tuple)
    if hint == dict[str, str]:
        return st.dictionaries(NAMES, NAMES, max_size=2)
    return st.sampled_from(list(hint)) if isinstance(hint, EnumType) else st.booleans()


def _corrections() -> st.SearchStrategy[Event]:
    said = {
        Fact.SOURCE: st.sampled_from([source.value for source in Source]),
        Fact.TITLE: _text("title"),
        Fact.DESCRIPTION: _text("description"),
        Fact.REPORTER: NAMES,
    }
    times = INSTANTS.map(datetime.isoformat)
    return st.sampled_from(list(Fact)).flatmap(
        lambda fact: st.builds(
            events.IncidentCorrected,
            fact=st.just(fact),
            was=st.none(),
            now=said.get(fact, times),
            reason=_text("reason"),
        )
    )


def wild(kind: type[Event]) -> st.SearchStrategy[Any]:
    """Any event of a class."""
    if kind is events.IncidentCorrected:
        return _corrections()
    hints = get_type_hints(kind)
    return st.builds(kind, **{f.name: _values(f.name, hints[f.name]) for f in fields(kind)})  # type: ignore[arg-type]


KINDS: tuple[type[Event], ...] = get_args(events.IncidentEvent)


@st.composite
def histories(draw: st.DrawFn) -> list[Recorded[Any]]:
    """Anything that a log could hold: the folds must not care whether it makes sense."""
    scribe = Scribe()
    steps = st.tuples(st.integers(1, 4), st.sampled_from(KINDS).flatmap(wild), INSTANTS | st.none())
    return [
        scribe.record(stream(number), event, at)
        for number, event, at in draw(st.lists(steps, max_size=30))
    ]
