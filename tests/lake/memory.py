"""A log in memory that can be read in shares, and what the lake says of it in the end."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

import orjson

from tests.readmodels.streams import Memory
from tocsin.domain.clock.plan import Rulebooks
from tocsin.domain.kernel import Recorded
from tocsin.domain.policy.state import POLICY_STREAM
from tocsin.lake.scribe import EVERYWHERE, Drafts, Scribe
from tocsin.lake.tables import TABLES, Row


class Shared(Memory):
    """Answers what a scribe asks of a log."""

    def raw_share(
        self, names: Sequence[str], part: range, after: int, until: int
    ) -> list[tuple[bytes, bytes]]:
        return [
            (stream.bytes, body)
            for stream, name, body in self._between(after, until)
            if name in names and int.from_bytes(stream.bytes[-2:]) in part
        ]

    def raw_named(
        self, names: Sequence[str], after: int, until: int, limit: int
    ) -> list[tuple[int, bytes]]:
        found = enumerate(self._between(after, until), after + 1)
        return [(place, body) for place, (_, name, body) in found if name in names][:limit]

    def raw_histories(self, streams: Collection[UUID]) -> dict[UUID, list[bytes]]:
        return {stream: list(self.raw_history(stream)) for stream in streams}

    def _between(self, after: int, until: int) -> Iterable[tuple[UUID, str, bytes]]:
        for body in self.bodies[after:until]:
            raw = orjson.loads(body)
            yield UUID(raw["stream"]), raw["event"], body


def rules_of(history: Iterable[Recorded[Any]]) -> Rulebooks:
    """The policies that were published."""
    rules = Rulebooks()
    for recorded in history:
        if recorded.stream == POLICY_STREAM:
            rules.add(recorded)
    return rules


def scribe(
    history: Sequence[Recorded[Any]],
    part: range = EVERYWHERE,
    cached: int = 1_000,
    rules: Rulebooks | None = None,
) -> Scribe:
    """Somebody who reads this history, under the policies in it or under other rules."""
    log: Any = Shared(history)
    return Scribe(log, rules or rules_of(history), part, cached)


def written(scribe: Scribe, cuts: Iterable[int]) -> list[Drafts]:
    """What is said of the ranges between cuts."""
    found, after = [], 0
    for until in cuts:
        found.append(scribe.write(after, until))
        after = until
    return found


def added(drafts: Iterable[Drafts]) -> dict[str, Counter[Row]]:
    """What all that was said comes to: every row that holds, and how often."""
    total: dict[str, Counter[Row]] = {}
    for draft in drafts:
        for table in TABLES:
            sums = total.setdefault(table.name, Counter())
            for row in draft[table.name]:
                if table.signed:
                    sums[row[2:]] += row[1]
                else:
                    sums[row] += 1
    return {name: Counter({k: n for k, n in sums.items() if n}) for name, sums in total.items()}
