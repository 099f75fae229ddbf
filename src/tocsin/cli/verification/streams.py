"""The log by stream: the same events under each stream, that add up, and the names they hold."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from tocsin.cli.verification.findings import Findings
from tocsin.cli.verification.order import PAGE, Tail, chained
from tocsin.domain.kernel import Aggregate, Claim, Recorded, aggregate_of
from tocsin.store.log import Log
from tocsin.store.mapper import decode

Name = tuple[str, str]
TRIES = 5
"""Times that names are compared again, when events came meanwhile."""


@dataclass
class Names:
    """Who holds which name, by what the events say, in the order of the log."""

    claims: list[tuple[int, int, UUID, Claim]] = field(default_factory=list)
    """Position, place within the event, stream, claim."""

    def add(self, recorded: Recorded[Any], claims: Iterable[Claim]) -> None:
        """Keep the claims of one event."""
        for place, claim in enumerate(claims):
            self.claims.append((recorded.position, place, recorded.stream, claim))

    def settled(self, findings: Findings | None = None) -> dict[Name, UUID | None]:
        """Every name that was ever claimed, and its holder at the end."""
        holders: dict[Name, UUID | None] = {}
        for position, _, stream, claim in sorted(self.claims, key=lambda each: each[:2]):
            name = (claim.kind, claim.key)
            holder = holders.setdefault(name, None)
            if not claim.take:
                holders[name] = None if holder == stream else holder
            elif holder is None:
                holders[name] = stream
            elif claim.firm and holder != stream and findings is not None:
                says = f"{claim.kind} {claim.key} is held by {holder}, and claimed again"
                findings.add("claim", says, position=position, stream=stream)
        return holders


def compare(
    log: Log,
    tails: Mapping[UUID, Tail],
    findings: Findings,
    progress: Callable[[int, int], None],
) -> Names:
    """Read every stream by itself, fold it, and collect the names that it claims."""
    names = Names()
    for done, (stream, tail) in enumerate(tails.items(), 1):
        bodies = [bytes(body) for body in log.raw_history(stream, until=tail.version)]
        digest = b""
        for body in bodies:
            digest = chained(digest, body)
        if digest != tail.digest:
            findings.add(
                "index", "read by stream, it has other events than by position", stream=stream
            )
        if tail.sound and digest == tail.digest:
            _fold(stream, bodies, names, findings)
        if not done % 100 or done == len(tails):
            progress(done, len(tails))
    return names


def _fold(stream: UUID, bodies: list[bytes], names: Names, findings: Findings) -> None:
    kind: Aggregate[Any] | None = None
    state: Any = None
    for body in bodies:
        recorded = decode(body)
        try:
            if kind is None:
                kind = aggregate_of(recorded.event)
                state = kind.initial(stream)
            elif kind is not aggregate_of(recorded.event):
                raise TypeError(f"this stream is of the kind {kind.name}")
            names.add(recorded, kind.claims(state, recorded.event))
            state = kind.evolve(state, recorded)
        except Exception as fault:
            says = f"{recorded.event.event_name} cannot be applied: {type(fault).__name__}: {fault}"
            findings.add("fold", says, position=recorded.position, stream=stream)
            return


def check_names(log: Log, names: Names, head: int, findings: Findings) -> int:
    """Compare what the events claim with what the store says; return how many names there are."""
    expected = names.settled(findings)
    wrong = {name: who for name, who in expected.items() if log.holder(*name) != who}
    for _ in range(TRIES):
        if not wrong or log.head() == head:
            break
        head = _catch_up(log, names, head)
        settled = names.settled()
        wrong = {name: settled[name] for name in wrong if log.holder(*name) != settled[name]}
    for (kind, key), who in wrong.items():
        holder = log.holder(kind, key)
        findings.add(
            "claim",
            f"{kind} {key} is held by {holder or 'nobody'}, the events say {who or 'nobody'}",
            stream=who or holder,
        )
    return len(expected)


def _catch_up(log: Log, names: Names, head: int) -> int:
    """Add the claims of events that came after `head`; return the new one."""
    end = log.head()
    touched: dict[UUID, int] = {}
    while head < end and (page := log.page(head, PAGE)):
        for recorded in page:
            touched.setdefault(recorded.stream, recorded.version)
        head = page[-1].position
    for stream, version in touched.items():
        later = log.history(stream, after=version - 1)
        kind = aggregate_of(later[0].event)
        state = kind.fold(stream, log.history(stream, until=version - 1))
        for recorded in later:
            if recorded.position <= head:
                names.add(recorded, kind.claims(state, recorded.event))
            state = kind.evolve(state, recorded)
    return head
