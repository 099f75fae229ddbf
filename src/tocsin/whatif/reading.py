"""From stored bytes straight to what clocks need to know: no event object is made on the way."""

from dataclasses import fields
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson

import tocsin.aggregates  # noqa: F401 - every event is known once it is imported
from tocsin.domain.clock.happening import BY_NAME, Happening, told
from tocsin.domain.incident.events import (
    IncidentCorrected,
    IncidentImported,
    IncidentLogged,
    IncidentReported,
)
from tocsin.domain.incident.values import Fact
from tocsin.domain.kernel import EVENTS
from tocsin.domain.openings import microseconds
from tocsin.domain.policy.history import PolicyHistory
from tocsin.store.mapper import Unreadable, decode
from tocsin.whatif.past import Past

NAMES = tuple(sorted(BY_NAME))
"""The stored names of the events that a replay reads."""
REMEMBERED = 4_096
_KNOWN: dict[str, Any] = {name: EVENTS[name] for name in NAMES}
_SHAPES = {name: (kind.schema, len(fields(kind))) for name, kind in _KNOWN.items()}
_IMPORTED = IncidentImported.event_name
"""The one event of which it matters when it was recorded."""
_TOLD = {IncidentReported.event_name, IncidentLogged.event_name, IncidentCorrected.event_name}


@lru_cache(REMEMBERED)
def _instant(text: str) -> int:
    return microseconds(datetime.fromisoformat(text))


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
        name, data = raw["event"], raw["data"]
        if (raw["schema"], len(data)) != _SHAPES[name]:
            # A retired shape, or fields that came later: what it says today.
            data = vars(decode(body).event)
        past = self.pasts.get(stream)
        if past is None:
            past = self.pasts[stream] = Past()
        if name in _TOLD:
            _note(past, name, data)
        happening = told(
            name,
            data,
            _instant(raw["occurred_at"]),
            _instant(raw["recorded_at"]) if name == _IMPORTED else 0,
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
