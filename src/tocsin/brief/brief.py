"""All that a post-incident review begins with, generated from events and from the rest of history.

The same log gives the same brief: what it rests on is said in it, and nothing is judged.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import orjson

from tocsin.brief.passing import HandOff, Person, Stretch, hand_offs, people, stretches
from tocsin.brief.questions import Question, questions
from tocsin.brief.surroundings import Surroundings
from tocsin.brief.telling import Told, Way, told, ways
from tocsin.brief.timeline import Correction, Entry, Gap, corrections, entries, gaps
from tocsin.brief.times import Time, times
from tocsin.clocks import sheet
from tocsin.domain.clock.happening import happening
from tocsin.domain.clock.plan import Rulebooks
from tocsin.domain.incident.state import INCIDENT, Incident
from tocsin.domain.incident.values import OPEN, LinkKind
from tocsin.domain.kernel import Recorded, replace
from tocsin.lake.spells import MAJOR, STATE

NOT_SHOWN = {"last_said"}


@dataclass(frozen=True, kw_only=True)
class Brief:
    """What is on record of one incident, put together for those who review it."""

    incident: Incident
    as_of: datetime
    times: tuple[Time, ...]
    open_seconds: int
    """How long it was open, all openings together."""
    ever_major: bool
    known_errors: tuple[str, ...]
    timeline: tuple[Entry, ...]
    gaps: tuple[Gap, ...]
    clocks: tuple[dict[str, Any], ...]
    """As `GET /incidents/{id}/clocks` tells them."""
    spent: tuple[Stretch, ...]
    hand_offs: tuple[HandOff, ...]
    people: tuple[Person, ...]
    told: Told
    workarounds: tuple[Way, ...]
    corrections: tuple[Correction, ...]
    surroundings: Surroundings
    questions: tuple[Question, ...] = ()

    def json(self) -> bytes:
        """The brief as canonical JSON: times in ISO 8601 UTC, durations in seconds."""
        shown = {each.name: getattr(self, each.name) for each in fields(self)}
        shown["incident"] = {
            name: value for name, value in vars(self.incident).items() if name not in NOT_SHOWN
        }
        shown["questions"] = [each._asdict() for each in self.questions]
        return orjson.dumps(shown, option=OPTIONS, default=_plain)


OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_SORT_KEYS


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return value._asdict() if hasattr(value, "_asdict") else list(value)
    raise TypeError(f"a brief cannot say a {type(value).__name__}")


def compiled(
    history: Sequence[Recorded[Any]],
    struck: Sequence[Recorded[Any]],
    rules: Rulebooks,
    as_of: datetime,
    surroundings: Surroundings | None = None,
) -> Brief:
    """The brief of an incident up to an instant.

    `history` is that of the incident and not empty, `struck` that of its clock's stream; what
    happened later than `as_of` is left out. The first of what is left reports the incident.
    """
    past = [each for each in history if each.occurred_at <= as_of]
    time = [each for each in struck if each.occurred_at <= as_of]
    incident = INCIDENT.fold(history[0].stream, past)
    around = surroundings or Surroundings()
    known = (happening(each, rules.in_force(each.position)) for each in past)
    spent = stretches([each for each in known if each is not None], as_of)
    targets = {link.target for link in incident.links if link.kind is LinkKind.KNOWN_ERROR}
    brief = Brief(
        incident=incident,
        as_of=as_of,
        times=tuple(replace(each, norm=around.norms.get(each.measure)) for each in times(incident)),
        open_seconds=sum(each.seconds for each in spent if each.what == STATE and _open(each)),
        ever_major=any(each.what == MAJOR for each in spent),
        known_errors=tuple(sorted(targets)),
        timeline=tuple(entries(past, time)),
        gaps=tuple(gaps(past, as_of)),
        clocks=tuple(sheet(past, time, rules, as_of)["clocks"]),
        spent=tuple(spent),
        hand_offs=tuple(hand_offs(spent)),
        people=tuple(people(past)),
        told=told(past, as_of),
        workarounds=tuple(ways(past)),
        corrections=tuple(corrections(past)),
        surroundings=around,
    )
    return replace(brief, questions=tuple(questions(brief)))


def _open(stretch: Stretch) -> bool:
    return stretch.value in {status.value for status in OPEN}
