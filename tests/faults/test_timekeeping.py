"""Would we notice? What is held against the rules must be able to differ from them."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.faults.dues import POLICY
from tests.faults.timekeeping import Kept, kept
from tests.reactions.conftest import Clock, Server
from tests.reactions.times import NOON, after
from tocsin.domain.clock.agenda import Act
from tocsin.domain.clock.commands import Strike
from tocsin.domain.clock.happening import clock_stream
from tocsin.domain.clock.values import TIMEKEEPER
from tocsin.domain.incident.commands.escalation import EscalateUnasked
from tocsin.domain.incident.commands.resolution import Resolve
from tocsin.domain.incident.values import EscalationKind
from tocsin.domain.kernel import Recorded
from tocsin.domain.kernel import replace as changed
from tocsin.domain.openings import microseconds
from tocsin.domain.policy.state import POLICY_STREAM
from tocsin.policies.publishing import publication
from tocsin.reactions.docket import Docket
from tocsin.settings import Settings
from tocsin.store.entries import Entry, Stored

RESOLVE = Resolve(resolution_code="fixed", resolution="Restarted.")


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Server]:
    """A service in simulated time, in which all falls due within minutes."""
    house = await Server(Settings(home=tmp_path), Clock()).start()
    await house.ask(publication(POLICY.read_text(encoding="utf-8"), "A test."), POLICY_STREAM)
    yield house
    await house.stop()


def seen(house: Server) -> Kept:
    return kept(house.settings, house.clock.now)


async def strike(house: Server, incident: UUID, act: Act) -> None:
    version = len(house.log.history(incident))
    command = Strike(
        incident_id=incident, incident_version=version, act=act, occurred_at=act.occurred_at
    )
    await house.desk.handle(command, stream=clock_stream(incident), caller=TIMEKEEPER)


async def first_act(house: Server, incident: UUID) -> Act:
    """What falls due first; it is six seconds later then."""
    house.clock.now = NOON + timedelta(seconds=6)
    (overdue,) = Docket(house.log).overdue([incident], microseconds(house.clock.now))
    return overdue.acts[0]


async def test_what_is_done_as_the_rules_say_is_clean(house: Server) -> None:
    await house.critical()
    resolved = (await house.ask(RESOLVE, await house.critical())).incident_id
    await house.pass_until(after(minutes=6))
    await house.pass_until(after(days=1.1))
    found = seen(house)
    assert found.clean
    warned, broken, called, again = 9 + 4 + 9, 3, 2 + 2 + 2, 3
    assert (warned + broken + called + again + 1, called + 1) == (found.due, found.answers)
    assert found.due == found.struck
    assert len(house.struck(resolved)) == 1


async def test_what_nobody_did_is_missing(house: Server) -> None:
    await house.critical()
    house.clock.now = after(minutes=6)
    found = seen(house)
    assert found.due == len(found.missing) == 34
    assert not found.clean


async def test_another_time_than_when_it_was_due_is_found(house: Server) -> None:
    incident = await house.critical()
    act = await first_act(house, incident)
    await strike(house, incident, replace(act, due=act.due - 1))
    assert 1 == len(seen(house).untimely)


async def test_what_is_not_due_by_any_rule_is_found(house: Server) -> None:
    incident = await house.critical()
    act = await first_act(house, incident)
    await strike(house, incident, replace(act, fields={**act.fields, "percent": 11}))
    found = seen(house)
    assert (1, 1) == (len(found.undue), len(found.missing))


async def again(house: Server, recorded: Recorded[Any]) -> None:
    """The same once more, as only a store without rules would take it."""
    version = house.log.version(recorded.stream) + 1
    draft = changed(recorded, version=version, position=0, command_id=uuid4())
    entry = Entry(
        command_id=draft.command_id, fingerprint=b"", drafts=(draft,), answer=lambda _: b"{}"
    )
    (outcome,) = house.log.commit([entry])
    assert isinstance(outcome, Stored)


async def test_the_same_act_twice_is_found(house: Server) -> None:
    incident = await house.critical()
    await strike(house, incident, await first_act(house, incident))
    await again(house, house.struck(incident)[0])
    assert 1 == len(seen(house).twice)


async def test_an_act_that_nobody_answered_is_found(house: Server) -> None:
    await house.critical()
    house.clock.now = after(minutes=1)
    assert await house.strike()
    assert 2 == len(seen(house).unanswered)


async def test_an_answer_that_was_given_twice_is_found(house: Server) -> None:
    incident = await house.critical()
    await house.pass_until(after(minutes=1))
    await again(house, house.log.history(incident)[-1])
    (twice,) = seen(house).unasked
    assert twice.endswith("twice")


async def test_an_answer_to_nothing_is_found(house: Server) -> None:
    incident = await house.critical()
    command = EscalateUnasked(kind=EscalationKind.FUNCTIONAL, level=2, reason="So.")
    await house.desk.handle(command, stream=incident, caller=TIMEKEEPER)
    (unasked,) = seen(house).unasked
    assert unasked.endswith("incident.escalated")
