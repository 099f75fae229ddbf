"""What exactly is asked: two sides, some incidents, one place in one log.

A question that is pinned so has one answer for ever, and the digest of the question is its name.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

import orjson

from tocsin import __version__
from tocsin.domain.incident.values import Priority, Source
from tocsin.domain.openings import microseconds
from tocsin.domain.policy import Policy
from tocsin.domain.policy.record import restored
from tocsin.domain.policy.rules import within
from tocsin.whatif.past import Past

FORMAT = f"{__version__}/1"
"""What reckons. Another version may give the same question other bytes: what the old one has begun
is then nobody's. Raise the number when that may be so within a version."""
Test = Callable[[Past, str], bool]
PRIORITIES = [str(each.value) for each in Priority]

WHERE: dict[str, Test] = {
    "category": lambda past, value: within(past.category, value),
    "group": lambda past, value: past.group == value,
    "priority": lambda past, value: str(past.priority) == value,
    "service": lambda past, value: value in past.services,
    "source": lambda past, value: past.source == value,
}
"""What incidents can be chosen by: what is known of them in the end."""
CLOSED: dict[str, list[str]] = {
    "priority": PRIORITIES,
    "source": [each.value for each in Source],
}
"""The words of those that have a closed list."""
CONDITIONS, LETTERS = 50, 500


class BadQuestion(ValueError):
    """It cannot be asked so. `part` names what of it is wrong."""

    def __init__(self, part: str, reason: str) -> None:
        super().__init__(reason)
        self.part = part


def conditions(pairs: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Which incidents are meant, each condition once. Of one key, one value must fit; all keys.

    Raises:
        BadQuestion: there is no such key, or no such value of it.
    """
    if len(pairs) > CONDITIONS:
        raise BadQuestion("where", f"takes {CONDITIONS} conditions at most")
    for key, value in pairs:
        if key not in WHERE:
            raise BadQuestion("where", f"knows {', '.join(sorted(WHERE))}, not {key[:60]!r}")
        if not 0 < len(value) <= LETTERS:
            raise BadQuestion("where", f"takes 1 to {LETTERS} characters for {key}")
        if key in CLOSED and value not in CLOSED[key]:
            words = ", ".join(CLOSED[key])
            raise BadQuestion("where", f"takes for {key} one of {words}, not {value[:60]!r}")
    return tuple(sorted(set(pairs)))


@dataclass(frozen=True, kw_only=True)
class Question:
    """What would have been under `policy` instead of `against`, up to this place in the log."""

    policy: Policy
    against: Policy | None = None
    """None: each event under the policy that was in force where it stands."""
    since: datetime | None = None
    """Incidents reported then or later,"""
    until: datetime | None = None
    """and before this."""
    where: tuple[tuple[str, str], ...] = ()
    position: int
    as_of: datetime | None
    """When the event at that position was recorded: so far clocks have run that still do."""
    mark: str
    """The SHA-256 of that event: it says which log this is."""
    listed: int
    """Most incidents that each list of the report names."""

    def includes(self, past: Past) -> bool:
        """Whether an incident is asked about."""
        if self.since is not None and past.reported < microseconds(self.since):
            return False
        if self.until is not None and past.reported >= microseconds(self.until):
            return False
        wanted: dict[str, list[str]] = {}
        for key, value in self.where:
            wanted.setdefault(key, []).append(value)
        return all(any(WHERE[k](past, each) for each in values) for k, values in wanted.items())

    @property
    def text(self) -> bytes:
        """All of it, as canonical JSON."""
        return orjson.dumps(
            {
                "format": FORMAT,
                "policy": self.policy.compiled,
                "against": self.against.compiled if self.against is not None else None,
                "since": self.since,
                "until": self.until,
                "where": self.where,
                "position": self.position,
                "as_of": self.as_of,
                "mark": self.mark,
                "listed": self.listed,
            },
            option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z,
        )

    @property
    def digest(self) -> str:
        """Its name: the SHA-256 of its text, in hexadecimal digits."""
        return sha256(self.text).hexdigest()

    @classmethod
    def read(cls, text: bytes) -> "Question":
        """The question that a text is.

        Raises:
            ValueError: it was written by another version of Tocsin.
        """
        raw = orjson.loads(text)
        if raw.pop("format") != FORMAT:
            raise ValueError("the question was asked by another version of Tocsin")
        against = raw.pop("against")
        return cls(
            policy=restored(raw.pop("policy"), 0),
            against=restored(against, 0) if against is not None else None,
            where=tuple((key, value) for key, value in raw.pop("where")),
            since=_instant(raw.pop("since")),
            until=_instant(raw.pop("until")),
            as_of=_instant(raw.pop("as_of")),
            **raw,
        )


def _instant(text: Any) -> datetime | None:
    return datetime.fromisoformat(text) if text is not None else None
