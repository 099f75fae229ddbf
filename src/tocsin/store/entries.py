"""What is committed: one entry per command, stored whole or not at all.

Both stores settle the same questions in the same transaction: was this command answered before,
did somebody else extend the stream, is a claimed name still free. They gather what is known and
`arbitrate` decides, so that a losing entry never takes its neighbours down.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tocsin.domain.kernel import Claim, Recorded
from tocsin.unavailable import StoreUnavailable as StoreUnavailable  # noqa: PLC0414 - known here

NATIVE_REFERENCE = re.compile(r"INC(\d{7,12})")
"""How the references that Tocsin gives out look: `INC0000001` upwards."""


# Not frozen, as there is one for each command, and freezing doubles what making it takes.
@dataclass(kw_only=True)
class Entry:
    """One command's outcome on its way into the log.

    The drafts are the events with position 0; `answer` makes the bytes that a retry of the
    command will get from the positions of its events.
    """

    command_id: UUID
    fingerprint: bytes
    drafts: tuple[Recorded[Any], ...]
    claims: tuple[Claim, ...] = ()
    answer: Callable[[Sequence[int]], bytes]
    fresh: bool = False
    """The command id was made here, so that nobody can have used it before."""
    expects: tuple[UUID, int] | None = None
    """Stream and version on which "nothing changes" or "no" was decided: must still be so."""
    under: tuple[UUID, int] | None = None
    """Stream and version of the rules by which it was decided: they must still be in force."""
    beside: tuple[tuple[UUID, int], ...] = ()
    """Streams and versions on which it was decided besides its own: they must stand so still."""
    holds: Claim | None = None
    """A name that this stream must hold still: what was found by it may have let it go."""
    kept: bool = True
    """Whether the answer is remembered; a refusal is not, as it may be otherwise next time."""

    @property
    def extends(self) -> set[UUID]:
        """The streams that its events belong to."""
        return {draft.stream for draft in self.drafts}

    @property
    def rests_on(self) -> set[UUID]:
        """The streams on whose state it was decided."""
        grounds = (*filter(None, [self.expects]), *self.beside)
        return self.extends | {stream for stream, _ in grounds}


# Not frozen, as there is one for each command, and freezing doubles what making it takes.
@dataclass(slots=True)
class Stored:
    """It is in the log, for ever, at these positions."""

    positions: range
    answer: bytes


@dataclass(frozen=True)
class Duplicate:
    """The command was answered before: with this, to a body with this fingerprint."""

    fingerprint: bytes
    answer: bytes


@dataclass(frozen=True)
class Stale:
    """Somebody else extended the stream first."""

    stream: UUID
    version: int


@dataclass(frozen=True)
class Taken:
    """Somebody else holds a name that the entry claims."""

    claim: Claim
    holder: UUID


@dataclass(frozen=True)
class Failed:
    """This entry cannot be stored, whatever its neighbours do."""

    error: Exception


Outcome = Stored | Duplicate | Stale | Taken | Failed
Name = tuple[str, str]


@dataclass
class Known:
    """What the store knows about a batch, read inside its transaction."""

    answers: dict[UUID, tuple[bytes, bytes]]
    versions: dict[UUID, int]
    holders: dict[Name, UUID]


def arbitrate(
    entries: Iterable[Entry], known: Known, position: int
) -> tuple[list[Outcome], list[tuple[Entry, Stored]]]:
    """Decide which entries win, number their events from `position + 1`, and say why others lose.

    `known` is brought up to date entry by entry, so that later entries see earlier ones.
    """
    outcomes: list[Outcome] = []
    winners: list[tuple[Entry, Stored]] = []
    behind: set[UUID] = set()
    for entry in entries:
        outcome = _loses(entry, known)
        if outcome is None and behind and (lost := entry.rests_on & behind):
            # It was decided on events of this batch that are not there. That somebody else's
            # events happen to give it the right version makes it no truer.
            stream = min(lost)
            outcome = Stale(stream, known.versions.get(stream, 0))
        if outcome is None:
            positions = range(position + 1, position + 1 + len(entry.drafts))
            outcome = Stored(positions, entry.answer(positions))
            position += len(positions)
            winners.append((entry, outcome))
            if entry.kept:
                known.answers[entry.command_id] = (entry.fingerprint, outcome.answer)
            for draft in entry.drafts:
                known.versions[draft.stream] = draft.version
            for claim in entry.claims:
                settle(claim, entry.drafts[0].stream, known.holders)
        else:
            behind |= entry.extends
        outcomes.append(outcome)
    return outcomes, winners


def _loses(entry: Entry, known: Known) -> Outcome | None:
    if before := known.answers.get(entry.command_id):
        return Duplicate(*before)
    for ground in (*entry.beside, entry.expects, entry.under):
        if ground and (actual := known.versions.get(ground[0], 0)) != ground[1]:
            return Stale(ground[0], actual)
    if entry.holds and entry.expects:
        name = (entry.holds.kind, entry.holds.key)
        if known.holders.get(name) != entry.expects[0]:
            return Stale(*entry.expects)
    versions: dict[UUID, int] = {}
    for draft in entry.drafts:
        stream = draft.stream
        version = versions[stream] if stream in versions else known.versions.get(stream, 0)
        if draft.version != version + 1:
            return Stale(stream, version)
        versions[stream] = draft.version
    for claim in entry.claims:
        holder = known.holders.get((claim.kind, claim.key))
        if claim.take and claim.firm and holder not in (None, entry.drafts[0].stream):
            assert holder is not None
            return Taken(claim, holder)
    return None


def settle(claim: Claim, stream: UUID, holders: dict[Name, UUID]) -> None:
    """Let a stream take or give back a name."""
    name = (claim.kind, claim.key)
    if claim.take:
        holders.setdefault(name, stream)
    elif holders.get(name) == stream:
        del holders[name]


def touched_streams(entries: Iterable[Entry]) -> set[UUID]:
    """The streams whose versions decide about these entries."""
    found = set()
    for entry in entries:
        found.update([draft.stream for draft in entry.drafts])
        found.update(
            [ground[0] for ground in (entry.under, entry.expects, *entry.beside) if ground]
        )
    return found


def asked_before(entries: Iterable[Entry]) -> list[UUID]:
    """The command ids that may have been answered before."""
    return [entry.command_id for entry in entries if not entry.fresh]


def claimed_names(entries: Iterable[Entry]) -> set[Name]:
    """The names that these entries take or release."""
    return {
        (claim.kind, claim.key)
        for entry in entries
        for claim in (*entry.claims, *filter(None, [entry.holds]))
    }


def changed_claims(
    before: Mapping[Name, UUID], after: Mapping[Name, UUID]
) -> tuple[list[tuple[str, str, UUID]], list[Name]]:
    """The claims to insert and those to delete."""
    gone = [name for name, holder in before.items() if after.get(name) != holder]
    new = [(*name, holder) for name, holder in after.items() if before.get(name) != holder]
    return new, gone


def highest_reference(names: Iterable[Name], least: int) -> int:
    """The highest native number among these names, and at least `least`."""
    for kind, key in names:
        if kind == "reference" and (match := NATIVE_REFERENCE.fullmatch(key)):
            least = max(least, int(match[1]))
    return least


class References:
    """Numbers reserved for this process, given out in order and never twice."""

    def __init__(self) -> None:
        self._free: list[range] = []

    def add(self, block: range) -> None:
        """Put a reserved block of numbers in."""
        self._free.append(block)

    def skip_to(self, used: int) -> None:
        """Forget the numbers up to `used`: an import brought one as high."""
        kept = (range(max(block.start, used + 1), block.stop) for block in self._free)
        self._free = [block for block in kept if block]

    def __len__(self) -> int:
        return sum(map(len, self._free))

    def next(self) -> str:
        """The number that the next incident gets. It stays the next until `take` is called."""
        return f"INC{self._free[0].start:07d}"

    def take(self) -> str:
        """Give out the next number."""
        reference = self.next()
        block = self._free[0]
        self._free[0] = range(block.start + 1, block.stop)
        if not self._free[0]:
            del self._free[0]
        return reference
