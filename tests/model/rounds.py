"""Was that possible? Requests that were under way together, what was said, what was recorded.

There must be a story in which every command took effect at one moment, alone, or not at all.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

import orjson

from tests.model.world import Answer, Call, World
from tocsin.asks import KeyReused, Receipt, StaleVersion, UnknownStream
from tocsin.domain.kernel import Recorded, Refused
from tocsin.store.entries import StoreUnavailable

Kept = Callable[[UUID], tuple[bytes, bytes] | None]
"""What the log remembers of a command: fingerprint and answer."""


class Unheard(Exception):
    """Whatever the answer was, nobody heard it."""


LOST = (StoreUnavailable, Unheard)


@dataclass
class Round:
    """Requests that were under way at the same time, and their answers."""

    world: World
    asked: Sequence[tuple[Call, Answer]]
    now: datetime
    kept: Kept
    troubled: bool
    """Whether something was broken meanwhile, so that not hearing an answer is fair."""
    had: dict[UUID, tuple[bytes, bytes]] = field(init=False)
    versions: dict[UUID, int] = field(init=False)

    def __post_init__(self) -> None:
        self.had = dict(self.world.answers)
        self.versions = {stream: len(past) for stream, past in self.world.histories.items()}

    def check(self, recorded: Sequence[Recorded[Any]]) -> None:
        """Take it in, or say what is impossible about it."""
        for command_id, group in groupby(recorded, lambda each: each.command_id):
            self._takes_effect(command_id, list(group))
        for call, answer in self.asked:
            if isinstance(answer, Receipt):
                self._is_true(call, answer)
        for call, answer in self.asked:
            if isinstance(answer, LOST):
                assert self.troubled, "an answer was lost for no reason"
                self._learn(call)
            elif isinstance(answer, BaseException):
                self._is_fair(call, answer)
        self._is_new_once()

    def _takes_effect(self, command_id: UUID, events: list[Recorded[Any]]) -> None:
        """Some request recorded exactly what the rules say that it should."""
        world, first = self.world, events[0]
        assert command_id not in world.answers, "a command took effect twice"
        call = self._asker(command_id, events)
        assert call.stream in (None, first.stream), "recorded where nobody asked for it"
        assert not call.command.creates or first.version == 1, "a report in a known incident"
        assert world.would_record(call, self.now, events) == events
        for each in events:
            world.add(each)
        body = world.told(first.stream, events[-1].version, events)
        world.answers[command_id] = (call.fingerprint, body)

    def _asker(self, command_id: UUID, events: list[Recorded[Any]]) -> Call:
        for call, answer in self.asked:
            told = isinstance(answer, Receipt) and answer.fields["changed"] and answer.position
            if told == events[-1].position and command_id == (call.command_id or command_id):
                return call
        kept = self.kept(command_id)
        assert kept is not None, "events without an answer"
        for call, answer in self.asked:
            if not isinstance(answer, LOST) or call.stream not in (None, events[0].stream):
                continue
            mine = command_id == (call.command_id or command_id) and call.fingerprint == kept[0]
            if mine and self.world.would_record(call, self.now, events) == events:
                return call
        raise AssertionError(f"nobody asked for {[each.event for each in events]}")

    def _is_true(self, call: Call, receipt: Receipt) -> None:
        """What was said is so; and if it was said before, it is what was said then."""
        command_id = call.command_id
        assert receipt.position <= len(self.world.log), "acknowledged, but not there"
        if command_id is None and receipt.fields["changed"]:
            command_id = self.world.log[receipt.position - 1].command_id
            assert command_id not in self.had
        if command_id in self.world.answers:
            assert self.world.answers[command_id] == (call.fingerprint, receipt.body)
            assert receipt.replayed or command_id not in self.had
        else:
            self._changes_nothing(call, receipt.body)
            if command_id is not None:
                self.world.answers[command_id] = (call.fingerprint, receipt.body)

    def _changes_nothing(self, call: Call, body: bytes) -> None:
        world, fields = self.world, orjson.loads(body)
        stream, version = UUID(fields["incident_id"]), fields["version"]
        assert body == world.told(stream, version, ())
        assert version in self._versions(stream), "an answer from the past, or from the future"
        if call.command.creates:
            key = getattr(call.command, "dedup_key", None)
            assert key is not None, "a report was swallowed"
            assert key == world.held[stream, version], "the alarm belongs to another incident"
            return
        assert stream == call.stream
        assert world.verdict(call, world.state(stream, version), self.now, "") == ()

    def _learn(self, call: Call) -> None:
        """Nobody heard it, but the log remembers that nothing was to be changed."""
        if call.command_id is None or call.command_id in self.world.answers:
            return
        kept = self.kept(call.command_id)
        if kept is not None and kept[0] == call.fingerprint:
            self._changes_nothing(call, kept[1])
            self.world.answers[call.command_id] = kept

    def _is_fair(self, call: Call, no: BaseException) -> None:
        """A request is refused for a reason that there was, and never once it was answered."""
        known = self.had.get(call.command_id) if call.command_id else None
        if isinstance(no, KeyReused):
            others = [other for other, _ in self.asked if other.command_id == call.command_id]
            marks = {other.fingerprint for other in others} | ({known[0]} if known else set())
            assert call.command_id is not None
            assert marks != {call.fingerprint}, "the key is the key of this very request"
            return
        if not isinstance(no, Refused | StaleVersion | UnknownStream):
            raise AssertionError(f"{call.command.path} failed: {no!r}") from no
        assert known is None, "answered once, refused later"
        stream = call.stream or UUID(int=0)
        possible = no.possible if isinstance(no, Refused) else ()
        reasons = [self._reason(call, stream, version) for version in self._versions(stream)]
        assert (type(no), str(no), possible) in reasons, f"{no!r} is none of {reasons}"

    def _reason(self, call: Call, stream: UUID, version: int) -> tuple[type, str, tuple[str, ...]]:
        state = self.world.state(stream, version)
        reason = self.world.verdict(call, state, self.now, "")
        return type(reason), str(reason), state.possible() if isinstance(reason, Refused) else ()

    def _versions(self, stream: UUID) -> range:
        """Where an incident stood at some moment of the round."""
        return range(self.versions.get(stream, 0), self.world.version(stream) + 1)

    def _is_new_once(self) -> None:
        """Of all who were given the same answer, one was first; all others are told so."""
        receipts = [(call.command_id, answer) for call, answer in self.asked
                    if isinstance(answer, Receipt) and call.command_id is not None]  # fmt: skip
        first = Counter(command_id for command_id, receipt in receipts if not receipt.replayed)
        for command_id in {command_id for command_id, _ in receipts}:
            assert first[command_id] <= (command_id not in self.had)
            if not self.troubled and command_id not in self.had:
                assert first[command_id] == 1
