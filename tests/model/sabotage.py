"""Mistakes that a desk or a store could make, made on purpose: the machine must notice each."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any
from uuid import UUID

from tests.model.rig import Post, Sabotage
from tocsin.asks import Receipt
from tocsin.domain.kernel import replace
from tocsin.store.entries import Duplicate, Entry, Outcome, Stored

Commit = Callable[[Sequence[Entry]], list[Outcome]]


def _swap(thing: object, name: str, other: object) -> None:
    setattr(thing, name, other)


def _entries(change: Callable[[Entry], Entry]) -> Sabotage:
    def sabotage(post: Post) -> None:
        commit = post.log.commit
        _swap(post.log, "commit", lambda entries: commit([change(each) for each in entries]))

    return sabotage


def _claims(entry: Entry, kind: str) -> Entry:
    return replace(entry, claims=tuple(each for each in entry.claims if each.kind != kind))


def forgets_its_answers(post: Post) -> None:
    """A command that is sent again is done again."""
    ids = count(10**9)
    _entries(
        lambda entry: entry if entry.fresh else replace(entry, command_id=UUID(int=next(ids)))
    )(post)


def gives_any_answer_for_a_known_key(post: Post) -> None:
    """Nobody looks whether the key stands for the same request."""
    commit = post.log.commit

    def answer(entry: Entry, outcome: Outcome) -> Outcome:
        if not isinstance(outcome, Duplicate):
            return outcome
        return Duplicate(entry.fingerprint, outcome.answer)

    def careless(entries: Sequence[Entry]) -> list[Outcome]:
        return [answer(*pair) for pair in zip(entries, commit(entries), strict=True)]

    _swap(post.log, "commit", careless)


def answers_before_it_stores(post: Post) -> None:
    """Now and then what was acknowledged is not there."""
    commits, commit = count(1), post.log.commit

    def hasty(entries: Sequence[Entry]) -> list[Outcome]:
        if next(commits) % 5:
            return commit(entries)
        head = post.log.head()
        places = [range(head + 1, head + 1 + len(each.drafts)) for each in entries]
        return [Stored(p, each.answer(p)) for p, each in zip(places, entries, strict=True)]

    _swap(post.log, "commit", hasty)


def ignores_the_version_that_was_seen(post: Post) -> None:
    """`If-Match` is for decoration."""
    handle = post.desk.handle

    async def careless(command: Any, **how: Any) -> Receipt:
        return await handle(command, **{**how, "expected_version": None})

    _swap(post.desk, "handle", careless)


def gives_out_a_reference_twice(post: Post) -> None:
    """The number stays the next one, and nobody claims it."""
    _swap(post.log, "take_reference", post.log.peek_reference)
    _entries(lambda entry: _claims(entry, "reference"))(post)


class Keeps(OrderedDict[UUID, Any]):
    """A cache that forgets nothing."""

    def pop(self, key: UUID, default: Any = None) -> Any:
        return self.get(key, default)


def trusts_its_memory(post: Post) -> None:
    """What was in memory before an accident is believed after it."""
    _swap(post.desk._memory, "_hot", Keeps())


def remembers_refusals(post: Post) -> None:
    """A request that was refused once is answered from memory, though it might go through now."""
    _entries(lambda entry: replace(entry, kept=True))(post)


def takes_a_retry_for_new(post: Post) -> None:
    """After a broken connection the batch is stored again without a look."""
    _entries(lambda entry: replace(entry, fresh=True))(post)


def drops_a_claim(post: Post) -> None:
    """Two open incidents for one alarm."""
    _entries(lambda entry: _claims(entry, "dedup"))(post)


def stores_half_an_entry(post: Post) -> None:
    """A report is reported and never logged."""
    _entries(lambda entry: replace(entry, drafts=entry.drafts[:1]))(post)


def believes_that_nothing_changed(post: Post) -> None:
    """ "Nothing to do" and "no" hold on whatever version, so the other server's work is missed."""
    _entries(lambda entry: replace(entry, expects=None))(post)


def believes_what_it_found(post: Post) -> None:
    """An alarm is sent on to an open incident, and does not look whether it is open still."""
    _entries(lambda entry: replace(entry, holds=None))(post)


ANYWHERE: tuple[Sabotage, ...] = (
    forgets_its_answers,
    gives_any_answer_for_a_known_key,
    answers_before_it_stores,
    ignores_the_version_that_was_seen,
    gives_out_a_reference_twice,
    trusts_its_memory,
    remembers_refusals,
    takes_a_retry_for_new,
    drops_a_claim,
    stores_half_an_entry,
    believes_what_it_found,
)
WITH_TWO_DESKS: tuple[Sabotage, ...] = (believes_that_nothing_changed,)
