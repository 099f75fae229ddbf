"""A whole log played again into another store: the same bytes at the same positions.

Nothing is decided again and nothing is sealed again. Names, read models and the tree are worked
out from the events. What commands were answered is copied, so that a retry is answered there as it
was here; so are the checkpoints that were signed, and who outside has them. What was begun goes on
where it stopped, once it is sure that it is the same log.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from uuid import UUID

from tocsin.ledger.merkle import Frontier
from tocsin.ledger.notary import ADOPTED, KEY, KEYS_EVER
from tocsin.process import unswept
from tocsin.replaying.names import Names
from tocsin.replaying.period import Progress, Stopped, events, never, silent
from tocsin.store.copies import Answer, Piece, StoredEvent
from tocsin.store.log import Log
from tocsin.store.mapper import decode
from tocsin.store.tree import Attestation, NotInTree

ANSWERS_AT_ONCE = 2_000


class OtherLog(Exception):
    """The target holds something else: it is no copy of this log, and is left as it is."""


@dataclass(frozen=True, kw_only=True)
class Copied:
    """What was copied, and what the copy is now."""

    position: int
    """Where both end."""
    events: int
    """How many were copied now; the others were there."""
    answers: int
    """How many of commands that recorded nothing were copied now."""
    checkpoints: int
    """How many were copied now."""
    root: bytes
    """Of both trees."""


def copy(
    source: Log,
    target: Log,
    *,
    progress: Progress = silent,
    stop: Callable[[], bool] = never,
) -> Copied:
    """Bring the target to where the source stands now.

    Raises:
        OtherLog: the target is no beginning of the source.
        NotNext: somebody else writes the target.
        Stopped: `stop` said so. The same again goes on from there.
        Torn: the source has a gap.
        Unreadable: an event cannot be decoded.
    """
    head, had = source.head(), target.head()
    same(source, target, head, had)
    names = Names(source)
    for page in events(source, head, after=had, progress=progress, stop=stop):
        with unswept():
            piece = _piece(source, page, names)
        target.append_stored(piece)
    answers = _answers(source, target, head, progress, stop)
    checkpoints = _checkpoints(source, target, head, stop)
    root = root_of(target, head)
    if root != root_of(source, head):
        raise OtherLog(f"{target.place} has another tree after {head} events: run `tocsin verify`.")
    return Copied(
        position=head, events=head - had, answers=answers, checkpoints=checkpoints, root=root
    )


def same(source: Log, target: Log, head: int, had: int) -> None:
    """Make sure that what the target holds is how the source begins.

    Raises:
        OtherLog: it is not.
    """
    if had > head:
        raise OtherLog(f"{target.place} has {had} events, {source.place} only {head}.")
    if not had:
        return
    for log in (source, target):
        if len(log.raw_page(had - 1, 1)) != 1:
            raise OtherLog(f"{log.place} has no event at position {had}.")
    if source.raw_page(had - 1, 1) != target.raw_page(had - 1, 1):
        raise OtherLog(f"{target.place} holds another log: its event {had} is another one.")
    if root_of(source, had) != root_of(target, had):
        raise OtherLog(f"{target.place} holds another log: its first {had} events differ.")


def root_of(log: Log, size: int) -> bytes:
    """The root of the tree of the first events: worked out from them all if none is kept."""
    try:
        return log.tree_root(size)
    except NotInTree:
        tree = Frontier()
        for page in events(log, size):
            tree.extend(body for _, body in page)
        return tree.root()


def _piece(source: Log, page: list[tuple[int, bytes]], names: Names) -> Piece:
    """A page with the names that its events take, and what its commands were answered."""
    stored, claims = [], []
    asked: dict[UUID, None] = {}
    for _, body in page:
        recorded = decode(body)
        stored.append(
            StoredEvent(
                stream=recorded.stream,
                version=recorded.version,
                topic=recorded.event.event_name,
                body=body,
            )
        )
        claims += [(recorded.stream, claim) for claim in names.of(recorded)]
        asked[recorded.command_id] = None
    answers = [(asked_id, *known) for asked_id, known in source.answers(list(asked)).items()]
    return Piece(after=page[0][0] - 1, events=stored, answers=answers, claims=claims)


def _answers(
    source: Log, target: Log, head: int, progress: Progress, stop: Callable[[], bool]
) -> int:
    """Copy the answers to commands that recorded nothing; return how many there were."""
    copied = seen = 0
    behind = _Behind(source, head)
    after: UUID | None = None
    while page := source.answers_page(after, ANSWERS_AT_ONCE):
        if stop():
            raise Stopped
        after, seen = page[-1][0], seen + len(page)
        known = target.answers([command_id for command_id, _, _ in page])
        new = [answer for answer in page if answer[0] not in known]
        new = behind.without(new)
        if new:
            target.append_stored(Piece(after=head, answers=new))
            copied += len(new)
        progress("answers", seen, seen)
    return copied


def _checkpoints(source: Log, target: Log, head: int, stop: Callable[[], bool]) -> int:
    """Copy what was signed of the tree, and who outside has it; return how much was new."""
    copied = place = 0
    for kind in (KEY, ADOPTED):
        known = source.attestations(None, KEYS_EVER, kind=kind)
        _attest(target, (each for each in known if each.size <= head))
    while page := source.checkpoints(place):
        if stop():
            raise Stopped
        for point in page:
            if point.size > head:
                return copied
            copied += target.add_checkpoint(point.size, point.note, point.made_at)
            _attest(target, source.attestations(point.size))
            place = point.size
    return copied


def _attest(target: Log, attestations: Iterable[Attestation]) -> None:
    for each in attestations:
        target.add_attestation(each.size, each.place, each.kind, each.body, each.made_at)


class _Behind:
    """The commands whose events came while the log was copied: their answers come with them."""

    def __init__(self, log: Log, head: int) -> None:
        self._log, self._place = log, head
        self._commands: set[UUID] = set()

    def without(self, answers: list[Answer]) -> list[Answer]:
        """These answers, but for those to commands of later events."""
        # Events are looked for after the answers were read, and both are committed together.
        for page in events(self._log, self._log.head(), after=self._place):
            self._commands |= {decode(body).command_id for _, body in page}
            self._place = page[-1][0]
        return [answer for answer in answers if answer[0] not in self._commands]
