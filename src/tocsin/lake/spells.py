"""How long an incident was in which state, whose hands and which hold, in the order of the world.

The chronology is that of the clocks (`domain.clock.happening.in_order`): corrections are heeded,
and what was entered late stands where it happened.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from tocsin.domain.clock.happening import Happening
from tocsin.domain.incident.events import IncidentEvent
from tocsin.domain.incident.status import ALWAYS, OTHERWISE, led
from tocsin.domain.incident.values import OPEN, Status
from tocsin.domain.kernel import EVENTS

STATE, GROUP, HOLD, OPENED, MAJOR = "state", "group", "hold", "open", "major"
LASTING = OPEN | {Status.RESOLVED}
"""States that are waited in. The others are ends."""
_OF = "incident."
_KINDS: dict[str, Any] = {
    name.removeprefix(_OF): kind for name, kind in EVENTS.items() if name.startswith(_OF)
}
_ALWAYS = {name: ALWAYS[kind] for name, kind in _KINDS.items() if kind in ALWAYS}
_LED = {name: kind for name, kind in _KINDS.items() if kind in OTHERWISE}
_DECLARED, _STOOD_DOWN = "major-declared", "major-stood-down"
assert {*_LED, _DECLARED, _STOOD_DOWN} <= _KINDS.keys()


class Spell(NamedTuple):
    """A time in something. One that lasts has no end."""

    spell: str
    value: str | None
    began: int
    ended: int | None


def spells(ordered: Iterable[Happening]) -> list[Spell]:
    """Every spell of an incident, of happenings in the order in which they took place.

    States and groups that took no time are left out; a hold that took none was a hold. A group has
    an incident in its hands only while it is open, and a major incident ends with the incident.
    """
    course = _Course()
    for each in ordered:
        course.take(each)
    return [*course.done, *course.lasting()]


class _Course:
    def __init__(self) -> None:
        self.done: list[Spell] = []
        self._status, self._logged = Status.UNREPORTED, False
        self._group: str | None = None
        self._since: dict[str, tuple[str | None, int]] = {}

    def lasting(self) -> Iterator[Spell]:
        """What has not ended."""
        for spell, (value, began) in self._since.items():
            yield Spell(spell, value, began, None)

    def take(self, each: Happening) -> None:
        """Take in what happened next."""
        kind, at = each.kind, each.at
        if kind in ("assigned", "escalated"):
            self._pass_on(each.value, at)
        elif kind == _DECLARED and self._status in OPEN:
            self._begin(MAJOR, None, at)
        elif kind == _STOOD_DOWN:
            self._end(MAJOR, at)
        status = self._after(each)
        if status is not self._status:
            self._stand(status, at)
        if kind == "held":
            self._end(HOLD, at)
            self._begin(HOLD, each.value[0], at)
        self._logged = self._logged or kind == "logged"

    def _after(self, each: Happening) -> Status:
        status = _ALWAYS.get(each.kind)
        if status is not None:
            return status
        kind: type[IncidentEvent] | None = _LED.get(each.kind)
        if kind is None:
            return self._status
        imported = Status(each.value[0]) if each.kind == "imported" else self._status
        return led(self._status, logged=self._logged, kind=kind, imported=imported)

    def _stand(self, status: Status, at: int) -> None:
        before, self._status = self._status, status
        self._end(STATE, at)
        if status in LASTING:
            self._begin(STATE, status.value, at)
        if before is Status.ON_HOLD:
            self._end(HOLD, at)
        if status in OPEN and before not in OPEN:
            self._begin(OPENED, None, at)
            if self._group is not None:
                self._begin(GROUP, self._group, at)
        elif status not in OPEN and before in OPEN:
            for spell in (OPENED, GROUP, MAJOR):
                self._end(spell, at)

    def _pass_on(self, group: str | None, at: int) -> None:
        if group == self._group:
            return
        self._group = group
        self._end(GROUP, at)
        if group is not None and self._status in OPEN:
            self._begin(GROUP, group, at)

    def _begin(self, spell: str, value: str | None, at: int) -> None:
        self._since.setdefault(spell, (value, at))

    def _end(self, spell: str, at: int) -> None:
        value, began = self._since.pop(spell, (None, at))
        if at > began or spell == HOLD:
            self._finish(spell, value, began, at)

    def _finish(self, spell: str, value: str | None, began: int, at: int) -> None:
        if spell != HOLD or value is not None:
            self.done.append(Spell(spell, value, began, at))
