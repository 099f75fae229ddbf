"""From stored bytes straight to what clocks need to know: no event object is made on the way."""

from typing import Any

import orjson

from tocsin.domain.clock.happening import BY_NAME, Happening, told
from tocsin.domain.incident.events import (
    IncidentCorrected,
    IncidentImported,
    IncidentLogged,
    IncidentReported,
)
from tocsin.domain.incident.values import Fact
from tocsin.domain.policy.history import PolicyHistory
from tocsin.store.bare import fields_today, instant_us
from tocsin.store.mapper import Unreadable
from tocsin.whatif.past import Past

NAMES = tuple(sorted(BY_NAME))
"""The stored names of the events that a replay reads."""
_IMPORTED = IncidentImported.event_name
"""The one event of which it matters when it was recorded."""
_TOLD = {IncidentReported.event_name, IncidentLogged.event_name, IncidentCorrected.event_name}


class Reader:
    """Takes in events, whichever incidents they belong to, in the order of the log."""

    def __init__(self, policies: PolicyHistory) -> None:
        self._policies = policies
        self.pasts: dict[bytes, Past] = {}

    def take(self, stream: bytes, body: bytes) -> None:
        """Take in one event.

        Raises:
            Unreadable: it cannot be decoded.
        """
        try:
            self._take(stream, body)
        except (KeyError, ValueError, TypeError, AttributeError, LookupError) as error:
            raise Unreadable(f"{type(error).__name__}: {error}: {body[:200]!r}") from error

    def _take(self, stream: bytes, body: bytes) -> None:
        raw = orjson.loads(body)
        name, data = raw["event"], fields_today(raw, body)
        past = self.pasts.get(stream)
        if past is None:
            past = self.pasts[stream] = Past()
        if name in _TOLD:
            _note(past, name, data)
        happening = told(
            name,
            data,
            instant_us(raw["occurred_at"]),
            instant_us(raw["recorded_at"]) if name == _IMPORTED else 0,
            raw["version"],
            self._policies.in_force(raw["position"]),
        )
        if happening is not None:
            if happening.kind == "prioritised":
                happening = self._checked(happening)
            past.happenings.append(happening)

    def _checked(self, happening: Happening) -> Happening:
        """A priority that the matrix in force does not explain was not made by it: somebody set it,
        or another system did by rules of its own. Another matrix would not have changed it."""
        priority, impact, urgency, by_hand = happening.value
        if by_hand or impact is None or urgency is None:
            return happening
        matrix = self._policies.version(happening.policy).priorities
        if matrix[impact, urgency] == priority:  # the words of a list are texts
            return happening
        return happening._replace(value=[priority, impact, urgency, True])


def _note(past: Past, name: str, data: Any) -> None:
    """Keep what clocks do not care for and people do."""
    if name == IncidentLogged.event_name:
        past.reference = data["reference"]
    elif name == IncidentReported.event_name:
        past.source = str(data["source"])
    elif data["fact"] == Fact.SOURCE:
        past.source = data["now"]
