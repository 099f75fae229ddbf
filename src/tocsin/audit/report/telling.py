"""Events that a report tells one by one: in words, with what their records are called."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from tocsin.audit.report.facts import Correction, Happened, Late, Listed
from tocsin.audit.report.tallying import CORRECTED, Tally
from tocsin.domain.incident.events import IncidentCorrected, IncidentLogged
from tocsin.domain.kernel import Recorded, aggregate_of
from tocsin.replaying.period import recorded_at
from tocsin.store.log import Log
from tocsin.store.mapper import decode
from tocsin.words import words_of

STREAMS_AT_ONCE = 50
_LOGGED = b'"event":"%b"' % IncidentLogged.event_name.encode()


class Telling:
    """Events put into words, with the names that their records go by."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._known: dict[UUID, tuple[str, datetime]] = {}

    def _decoded(self, bodies: Sequence[bytes]) -> list[Recorded[Any]]:
        found = self._log.decoded(bodies)
        self._look_up(each.stream for each in found)
        return found

    def _look_up(self, streams: Iterable[UUID]) -> None:
        wanted = [stream for stream in dict.fromkeys(streams) if stream not in self._known]
        for start in range(0, len(wanted), STREAMS_AT_ONCE):
            histories = self._log.raw_histories(wanted[start : start + STREAMS_AT_ONCE])
            for stream, bodies in histories.items():
                self._known[stream] = called(bodies), recorded_at(bodies[0])

    def corrections(self, tally: Tally) -> Listed[Correction]:
        """Corrections, with what they put right."""
        found = self._decoded(tally.picked.get(CORRECTED, ()))
        return Listed(count=tally.counted[CORRECTED], named=[self._correction(e) for e in found])

    def _correction(self, recorded: Recorded[Any]) -> Correction:
        event = recorded.event
        assert isinstance(event, IncidentCorrected)
        after = recorded.recorded_at - self._known[recorded.stream][1]
        return Correction(
            **self._told(recorded),
            fact=str(event.fact),
            was=event.was,
            now=event.now,
            reason=event.reason,
            late_seconds=int(after.total_seconds()),
        )

    def late(self, tally: Tally) -> Listed[Late]:
        """Late entries, the longest delays first."""
        latest = sorted(tally.latest, reverse=True)
        decoded = self._decoded([body for _, _, body in latest])
        # Names will do: a report that is handed around repeats no words without need.
        named = [
            Late(
                **{**self._told(recorded), "says": recorded.event.event_name}, late_seconds=seconds
            )
            for (seconds, _, _), recorded in zip(latest, decoded, strict=True)
        ]
        return Listed(count=tally.late, named=named)

    def happened(self, tally: Tally, kind: str) -> Listed[Happened]:
        """Every event of a kind of stream."""
        found = self._decoded(tally.picked.get(kind, ()))
        return Listed(
            count=tally.counted[kind], named=[Happened(**self._told(each)) for each in found]
        )

    def _told(self, recorded: Recorded[Any]) -> dict[str, Any]:
        return {
            "position": recorded.position,
            "stream": self._known[recorded.stream][0],
            "event": recorded.event.event_name,
            "says": words_of(recorded.event),
            "actor": recorded.actor,
            "via": recorded.via,
            "occurred_at": recorded.occurred_at,
            "recorded_at": recorded.recorded_at,
        }


def called(history: Sequence[bytes]) -> str:
    """What people call a record: an incident by its reference, what belongs to one by kind and
    reference, anything else by kind and id."""
    for body in history:
        if _LOGGED in body and isinstance(event := decode(body).event, IncidentLogged):
            return event.reference
    first = decode(history[0])
    kind, reference = aggregate_of(first.event).name, getattr(first.event, "reference", None)
    return f"{kind} of {reference}" if reference else f"{kind} {first.stream}"
