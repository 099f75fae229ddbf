"""Logs to be played again: written as the desk writes them, names, answers and seals included."""

from collections.abc import Sequence
from contextlib import closing
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from tests.readmodels.streams import plausible
from tests.store.samples import entry, told
from tests.whatif.kit import published, record
from tocsin.domain.kernel import Recorded, aggregate_of, replace
from tocsin.domain.policy.default import DEFAULT_DOCUMENT
from tocsin.domain.policy.state import POLICY_STREAM
from tocsin.settings import Settings
from tocsin.store.entries import Entry, Stored
from tocsin.store.log import Log

NOTHING_CHANGED = UUID("00000000-0000-7000-8000-00000000abcd")
"""A command that was answered and recorded nothing."""


def grow(log: Log, history: Sequence[Recorded[Any]], at_once: int = 40) -> None:
    """Append a history that was made in memory, a command for each event, with its claims."""
    states: dict[UUID, Any] = {}
    entries = []
    for each in history:
        kind = aggregate_of(each.event)
        state = states.get(each.stream) or kind.initial(each.stream)
        command = uuid5(NAMESPACE_URL, f"{each.stream}/{each.version}")
        draft = replace(each, position=0, command_id=command)
        entries.append(
            Entry(
                command_id=command,
                fingerprint=command.bytes,
                drafts=(draft,),
                claims=tuple(kind.claims(state, each.event)),
                answer=told,
            )
        )
        states[each.stream] = kind.evolve(state, draft)
    for start in range(0, len(entries), at_once):
        outcomes = log.commit(entries[start : start + at_once])
        assert all(isinstance(outcome, Stored) for outcome in outcomes), outcomes


def recorded(settings: Settings, incidents: int = 30, seed: int = 5) -> Settings:
    """Write a history, with a policy in the midst of it and a command that changed nothing."""
    history = plausible(incidents, seed=seed, interleaved=12)
    with closing(Log.open(settings, writer=True)) as log:
        grow(log, history[: len(history) // 2])
        record(log, POLICY_STREAM, published(2, DEFAULT_DOCUMENT))
        log.commit([entry(command_id=NOTHING_CHANGED, stream=POLICY_STREAM)])
        grow(log, history[len(history) // 2 :])
    return settings


def bodies(log: Log) -> list[tuple[int, bytes]]:
    """Everything that is stored, in order."""
    return [(position, bytes(body)) for position, body in log.raw_page(0, 1_000_000)]


def names(log: Log) -> dict[tuple[str, str], UUID | None]:
    """Who holds every name that an event of this log ever took."""
    claimed = set()
    states: dict[UUID, Any] = {}
    for each in log.page(0, 1_000_000):
        kind = aggregate_of(each.event)
        state = states.get(each.stream) or kind.initial(each.stream)
        claimed |= {(claim.kind, claim.key) for claim in kind.claims(state, each.event)}
        states[each.stream] = kind.evolve(state, each)
    return {name: log.holder(*name) for name in claimed}


def answers(log: Log) -> list[tuple[UUID, bytes, bytes]]:
    """What every command was answered."""
    return [(key, bytes(mark), bytes(body)) for key, mark, body in log.answers_page(None, 10**6)]
