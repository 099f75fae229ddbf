"""A machine that asks, retries, collides, breaks and restarts, and holds all to the model."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from tests.model import asks
from tests.model.rig import Rig
from tests.model.rounds import Round
from tests.model.world import Answer, Call, World
from tocsin.domain.incident.state import INCIDENT
from tocsin.domain.kernel import replace
from tocsin.domain.policy import DEFAULT_POLICY

Together = Sequence[tuple[int, Call]]
"""Requests that are sent at the same time, each to one of the desks."""
DESK = st.integers(0, 1)
CALLER = st.sampled_from(asks.PEOPLE)
MOST_INCIDENTS = 5
"""With few of them, much happens to each."""
NOBODY = UUID("00000000-0000-4000-8000-00000000dead")


class AnyLifecycle(RuleBasedStateMachine):
    """Whatever people ask, in whatever order, and whatever breaks: the log keeps its promises."""

    def __init__(self, begin: Callable[[int], Rig]) -> None:
        super().__init__()
        self.begin = begin
        self.rig: Rig | None = None

    @initialize(seed=st.integers(0, 2**20))
    def open(self, seed: int) -> None:
        self.rig = self.begin(seed)
        self.world = World(DEFAULT_POLICY, self.rig.settings)
        self.said: list[Call] = []
        self.keys = 0

    def teardown(self) -> None:
        if self.rig is None:
            return
        try:
            assert self.rig.differing() == [], "a read model is not what the log says"
        finally:
            self.rig.close()

    @property
    def running(self) -> Rig:
        assert self.rig is not None
        return self.rig

    # What people do

    @rule(data=st.data(), desk=DESK)
    def report(self, data: st.DataObject, desk: int) -> None:
        self.ask([(desk, self.a_report(data))])

    @rule(data=st.data(), desk=DESK)
    def do_what_can_be_done(self, data: st.DataObject, desk: int) -> None:
        self.ask([(desk, self.a_step(data))])

    @rule(data=st.data(), desk=DESK)
    def do_anything(self, data: st.DataObject, desk: int) -> None:
        self.ask([(desk, self.anything(data))])

    @rule(data=st.data(), desk=DESK)
    def ask_for_what_is_so(self, data: st.DataObject, desk: int) -> None:
        call = self.a_step(data)
        self.ask([(desk, call)])
        self.ask([(1 - desk, replace(call, command_id=self.a_key(data), fingerprint=b"again"))])

    @rule(data=st.data(), desk=DESK, behind=st.integers(0, 3))
    def go_by_what_was_seen(self, data: st.DataObject, desk: int, behind: int) -> None:
        call = self.a_step(data)
        if call.stream is not None:
            seen = max(0, self.world.version(call.stream) - behind)
            call = replace(call, expected_version=seen)
        self.ask([(desk, call)])

    @rule(data=st.data())
    def all_at_once(self, data: st.DataObject) -> None:
        self.ask(self.a_crowd(data))

    @rule(data=st.data(), twins=st.integers(2, 5))
    def twins(self, data: st.DataObject, twins: int) -> None:
        call = replace(self.a_call(data), command_id=self.new_key(), fingerprint=b"twin")
        self.ask([(n, call) for n in range(twins)])

    @precondition(lambda self: self.world.holders)
    @rule(data=st.data(), desks=st.tuples(DESK, DESK))
    def an_alarm_rings_while_its_incident_ends(
        self, data: st.DataObject, desks: tuple[int, int]
    ) -> None:
        key, stream = data.draw(st.sampled_from(sorted(self.world.holders.items())))
        alarm: Any = replace(data.draw(asks.REPORT), dedup_key=key)
        end: Any = data.draw(
            st.sampled_from(("resolve", "cancel", "dismiss")).flatmap(asks.by_path)
        )
        both = [Call(alarm, None, "ann", self.a_key(data), b"alarm"), Call(end, stream, "bob")]
        self.ask(list(zip(desks, data.draw(st.permutations(both)), strict=True)))

    @precondition(lambda self: self.said)
    @rule(data=st.data(), desk=DESK)
    def retry(self, data: st.DataObject, desk: int) -> None:
        self.ask([(desk, data.draw(st.sampled_from(self.said)))])

    @precondition(lambda self: self.said)
    @rule(data=st.data(), desk=DESK)
    def use_a_key_again(self, data: st.DataObject, desk: int) -> None:
        before = data.draw(st.sampled_from(self.said))
        other = replace(
            self.a_call(data), command_id=before.command_id, fingerprint=b"other than before"
        )
        self.ask([(desk, other)])

    # What happens to them

    @rule(minutes=st.integers(-30, 90))
    def time_passes(self, minutes: int) -> None:
        self.running.now += timedelta(minutes=minutes)

    @rule(data=st.data(), before=st.integers(0, 3), after=st.integers(0, 3))
    def answers_are_lost(self, data: st.DataObject, before: int, after: int) -> None:
        crowd = self.a_crowd(data)
        with self.running.losing(before, after):
            answers = self.running.ask(crowd)
        self.settle(crowd, answers, troubled=True)

    @rule(data=st.data(), turns=st.integers(0, 20))
    def crash(self, data: st.DataObject, turns: int) -> None:
        crowd = self.a_crowd(data)
        self.settle(crowd, self.running.ask_and_die(crowd, turns), troubled=True)

    @rule(now_and_then=st.integers(0, 4))
    def restart(self, now_and_then: int) -> None:
        if not now_and_then:
            self.running.stop()
            self.running.open()

    @rule(page=st.integers(1, 10))
    def read_models_follow(self, page: int) -> None:
        self.running.follow(page)

    @rule()
    def the_projector_ends(self) -> None:
        self.running.stop_following()

    # What must be so

    @invariant()
    def the_log_is_what_was_recorded(self) -> None:
        if self.rig is None:
            return
        log, world = self.rig.reader, self.world
        assert world.log == log.page(0, 100_000)
        places = [position for position, _ in log.raw_page(0, 100_000)]
        assert list(range(1, len(world.log) + 1)) == places
        assert len(world.log) == log.head()
        assert world.answers == log.answers([*world.answers, *self.all_keys()])

    @invariant()
    def names_are_held_by_whom_they_should(self) -> None:
        if self.rig is None:
            return
        for kind, holders in (("reference", self.world.references), ("dedup", self.world.holders)):
            for key in {*holders, *(asks.DEDUP_KEYS if kind == "dedup" else ())}:
                assert holders.get(key) == self.rig.reader.holder(kind, key)

    @invariant()
    def every_desk_knows_how_things_stand(self) -> None:
        if self.rig is None:
            return
        for stream, history in self.world.histories.items():
            assert [each.version for each in history] == list(range(1, len(history) + 1))
            assert history == self.rig.reader.history(stream)
            for post in self.rig.posts:
                assert self.world.state(stream) == self.rig.state(post, stream, INCIDENT)

    # How it asks

    def ask(self, together: Together) -> None:
        self.settle(together, self.running.ask(together), troubled=False)

    def settle(self, together: Together, answers: Sequence[Answer], *, troubled: bool) -> None:
        calls = [call for _, call in together]
        rig = self.running
        recorded = rig.reader.page(len(self.world.log), 100_000)
        asked = list(zip(calls, answers, strict=True))
        Round(self.world, asked, rig.now, self.kept, troubled).check(recorded)
        self.said += [call for call in calls if call.command_id is not None]

    def kept(self, command_id: UUID) -> tuple[bytes, bytes] | None:
        return self.running.reader.answers([command_id]).get(command_id)

    def all_keys(self) -> list[UUID]:
        return [UUID(int=n) for n in range(1, self.keys + 1)]

    def new_key(self) -> UUID:
        self.keys += 1
        return UUID(int=self.keys)

    def a_key(self, data: st.DataObject) -> UUID | None:
        return self.new_key() if data.draw(st.booleans()) else None

    def a_report(self, data: st.DataObject) -> Call:
        if len(self.world.histories) >= MOST_INCIDENTS:
            return self.a_step(data)
        return Call(data.draw(asks.REPORT), None, data.draw(CALLER), self.a_key(data), b"report")

    def a_step(self, data: st.DataObject) -> Call:
        if not self.world.histories:
            return self.a_report(data)
        stream = data.draw(st.sampled_from([*self.world.histories]))
        path = data.draw(st.sampled_from(self.world.state(stream).possible()))
        command: Any = data.draw(asks.by_path(path))
        return Call(command, stream, data.draw(CALLER), self.a_key(data), b"step")

    def anything(self, data: st.DataObject) -> Call:
        stream = data.draw(st.sampled_from([*self.world.histories, *self.world.histories, NOBODY]))
        return Call(data.draw(asks.ANY), stream, data.draw(CALLER), self.a_key(data), b"anything")

    def a_call(self, data: st.DataObject) -> Call:
        return data.draw(st.sampled_from((self.a_report, self.a_step, self.anything)))(data)

    def a_crowd(self, data: st.DataObject) -> Together:
        size = data.draw(st.integers(1, 6))
        crowd = [(data.draw(DESK), self.a_call(data)) for _ in range(size)]
        if data.draw(st.booleans()) and self.said:
            crowd.append((data.draw(DESK), data.draw(st.sampled_from(self.said))))
        return crowd
