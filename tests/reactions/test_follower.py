"""Does a reaction answer every fact once, whatever happens between the fact and the answer?"""

from collections.abc import Iterator
from datetime import timedelta
from types import ModuleType
from typing import Any
from uuid import UUID

import pytest

from tests.reactions.conftest import Server
from tests.reactions.times import after
from tocsin.asks import Busy, Receipt
from tocsin.domain.clock.events import ClosingFellDue, EscalationFellDue
from tocsin.domain.incident.commands.investigation import Note
from tocsin.domain.incident.commands.resolution import Reopen, Resolve
from tocsin.domain.incident.events import IncidentClosed, IncidentEscalated, IncidentNoted
from tocsin.domain.incident.values import EscalationKind, Status, Visibility
from tocsin.domain.kernel import Command, Event, Recorded
from tocsin.domain.policy import DEFAULT_DOCUMENT
from tocsin.domain.policy.state import POLICY_STREAM
from tocsin.policies.publishing import publication
from tocsin.reactions import closer, escalator
from tocsin.reactions.reaction import Asked, Reaction, found
from tocsin.readmodels.cursors import Cursors
from tocsin.store.entries import StoreUnavailable

RESOLVE = Resolve(resolution_code="fixed", resolution="Restarted the queue runner.")
CAREFUL = DEFAULT_DOCUMENT.replace("confirmation_required = false", "confirmation_required = true")
ORGANISED = (
    DEFAULT_DOCUMENT.replace(
        '  { after = "1h", to_level = 3 },', '  { after = "1h", to_manager = 2 },'
    )
    + """
[groups.desk]
level = 1
members = ["ben"]
managers = ["mia"]
"""
)


def escalations(server: Server, incident: UUID) -> list[Recorded[IncidentEscalated]]:
    return [r for r in server.log.history(incident) if isinstance(r.event, IncidentEscalated)]


async def test_a_step_that_fell_due_escalates_the_incident(server: Server) -> None:
    incident = await server.critical()
    await server.pass_until(after(minutes=31))
    (escalated,) = escalations(server, incident)
    (fact,) = (r for r in server.struck(incident) if isinstance(r.event, EscalationFellDue))
    assert (2, EscalationKind.FUNCTIONAL) == (escalated.event.level, escalated.event.kind)
    assert (after(minutes=30), after(minutes=31)) == (escalated.occurred_at, escalated.recorded_at)
    assert ("timekeeper", None) == (escalated.actor, escalated.via)
    assert fact.position == escalated.causation
    assert (
        "Step 1 of escalation Nobody has taken it fell due (policy version 1)."
        == escalated.event.reason
    )


async def test_after_an_outage_all_steps_are_taken_in_order(server: Server) -> None:
    incident = await server.critical()
    await server.pass_until(after(minutes=200))
    levels = [(r.event.level, r.occurred_at) for r in escalations(server, incident)]
    assert [(2, after(minutes=30)), (3, after(minutes=60))] == levels
    due = [r.event for r in server.struck(incident) if isinstance(r.event, EscalationFellDue)]
    steps = [(e.step, e.repetition) for e in due if e.escalation == "Nobody has taken it"]
    assert [(1, 0), (2, 0), (2, 1), (2, 2), (2, 3), (2, 4)] == steps


async def test_what_the_reaction_did_makes_time_do_nothing_twice(server: Server) -> None:
    """The escalation is an event of the incident: its clocks go on from there, quietly."""
    await server.critical()
    await server.pass_until(after(minutes=31))
    head = server.log.head()
    await server.pass_until(after(minutes=31) + timedelta(seconds=1))
    assert head == server.log.head()


async def test_a_resolved_incident_closes_when_its_time_has_come(server: Server) -> None:
    await server.ask(publication(CAREFUL, "A test."), POLICY_STREAM)
    incident = await server.critical()
    await server.ask(RESOLVE, incident)
    await server.pass_until(after(days=13.9))
    assert Status.RESOLVED is (await server.state(incident)).status
    await server.pass_until(after(days=14.1))
    *_, closed = server.log.history(incident)
    assert isinstance(closed.event, IncidentClosed)
    assert "closed-automatically" == closed.event.closure_code
    assert (
        "Nobody objected within 14 days of the resolution (policy version 2)."
        == closed.event.steps_taken
    )
    assert (after(days=14), "timekeeper") == (closed.occurred_at, closed.actor)


async def test_an_incident_that_was_opened_again_in_time_stays_open(server: Server) -> None:
    incident = await server.critical()
    await server.ask(RESOLVE, incident)
    server.clock.now = after(days=14.1)
    assert await server.strike()
    await server.ask(Reopen(reason="It is back."), incident)
    assert 0 == await server.followers["closer"].step()
    assert Status.IN_PROGRESS is (await server.state(incident)).status


async def test_where_nobody_stands_so_far_up_nobody_is_called(server: Server) -> None:
    await server.ask(publication(ORGANISED, "A test."), POLICY_STREAM)
    incident = await server.critical()
    await server.pass_until(after(minutes=61))
    assert [2] == [r.event.level for r in escalations(server, incident)]
    due = [r.event for r in server.struck(incident) if isinstance(r.event, EscalationFellDue)]
    assert [None, None] == [event.person for event in due if event.escalation[0] == "N"]


class TestAFollower:
    async def test_that_forgot_where_it_was_does_nothing_again(self, server: Server) -> None:
        """Its cursor was lost with the read models, or it died before it was written."""
        await server.critical()
        await server.pass_until(after(minutes=61))
        head = server.log.head()
        again = server.follower("escalator")
        assert 0 == again.position
        assert 0 == await again.step()
        assert (head, head) == (again.position, server.log.head())

    async def test_goes_on_where_another_one_stopped(self, server: Server) -> None:
        await server.critical()
        await server.pass_until(after(minutes=31))
        for follower in server.followers.values():
            await follower.end()
        again = server.follower("escalator")
        await again.begin()
        assert server.log.head() == again.position

    async def test_begins_again_when_the_log_is_shorter_than_it_remembers(
        self, server: Server
    ) -> None:
        """As after a restored backup: what comes after that is new, at the old positions."""
        Cursors(server.database).migrate()
        Cursors(server.database).write("escalator", 4_000)
        follower = server.follower("escalator")
        await follower.begin()
        assert 0 == follower.position

    async def test_notices_that_the_log_has_become_shorter_under_it(self, server: Server) -> None:
        """As after a fail-over to a standby that lagged: nobody starts it again."""
        incident = await server.critical()
        server.clock.now = after(minutes=31)
        await server.strike()
        follower = server.followers["escalator"]
        follower.position = server.log.head() + 10
        for _ in range(2):
            await follower.step()
        assert 1 == len(escalations(server, incident))

    async def test_writes_down_where_it_is_now_and_then(
        self, server: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Not for each page: what was answered is known to the log anyway."""
        follower, cursors = server.followers["closer"], Cursors(server.database)
        await server.critical()
        await follower.step()
        assert 3 == cursors.read("closer")
        await server.critical()
        await follower.step()
        assert (3, 6) == (cursors.read("closer"), follower.position)
        monkeypatch.setattr("tocsin.reactions.follower.SAVE_SECONDS", 0.0)
        follower._save_at = 0.0
        await follower.step()
        assert 6 == cursors.read("closer")

    async def test_that_was_not_answered_asks_again(
        self, server: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Some of its commands were taken and some not: all of them in the end, each once."""
        incidents = [await server.critical() for _ in range(5)]
        server.clock.now = after(minutes=31)
        await server.strike()
        handle, told = server.desk.handle, iter([None, Busy("full"), None, StoreUnavailable("off")])

        async def moody(command: Command[Any], **how: Any) -> Receipt:
            if (no := next(told, None)) is not None:
                raise no
            return await handle(command, **how)

        monkeypatch.setattr(server.desk, "handle", moody)
        follower = server.followers["escalator"]
        with pytest.raises(Busy):
            await follower.step()
        assert 0 == follower.position
        assert 2 == await follower.step()
        assert [1] * 5 == [len(escalations(server, incident)) for incident in incidents]

    async def test_is_not_held_up_by_a_no(
        self, server: Server, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Its commands should yield nothing rather than be refused; one that is, is told of."""
        await server.critical()
        follower = server.follower("escalator")
        follower.reaction = Reaction(
            "stranger",
            "Asks for what cannot be.",
            lambda fact: [Asked(RESOLVE, UUID(int=fact.position))],
            ("incident.prioritised",),
        )
        assert 0 == await follower.step()
        assert 3 == follower.position
        assert "There is no incident" in caplog.text

    async def test_passes_over_what_does_not_concern_it_many_at_a_time(
        self, small: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("tocsin.reactions.follower.EVENTS_AT_ONCE", 4)
        monkeypatch.setattr("tocsin.reactions.follower.FACTS_AT_ONCE", 2)
        incident = await small.critical()
        for number in range(8):
            note = Note(text=f"{number}", visibility=Visibility.INTERNAL)
            await small.ask(note, incident)
        follower = small.follower("escalator")
        seen: list[int] = []

        def react(fact: Recorded[IncidentNoted]) -> Iterator[Asked]:
            seen.append(fact.version)
            yield from ()

        follower.reaction = Reaction("reader", "Reads.", react, ("incident.noted",))
        places = []
        while follower.position < small.log.head():
            await follower.step()
            places.append(follower.position)
        assert [4, 6, 8, 10, 11] == places
        assert list(range(4, 12)) == seen


def module(name: str, **parts: Any) -> ModuleType:
    made = ModuleType(f"tocsin.reactions.{name}")
    vars(made).update(parts)
    return made


class TestAReaction:
    def test_is_found_because_it_is_there(self) -> None:
        names = {each.name: each.events for each in found()}
        assert ("clock.escalation-fell-due",) == names["escalator"]
        assert ("clock.closing-fell-due",) == names["closer"]
        assert "timekeeper" not in names

    def test_says_what_it_does_and_to_which_events(self) -> None:
        assert escalator.__doc__ == found_one("escalator").doc
        with pytest.raises(TypeError, match="does not say what it does"):
            Reaction.of(module("mute", react=closer.react))

    def test_names_several_events(self) -> None:
        def react(recorded: Recorded[ClosingFellDue | EscalationFellDue]) -> Iterator[Any]:
            yield recorded

        both = Reaction.of(module("both", __doc__="Both.", react=react))
        assert ("clock.closing-fell-due", "clock.escalation-fell-due") == both.events

    @pytest.mark.parametrize("said", [int, Recorded[Any], list[Event] | None])
    def test_takes_events_and_nothing_else(self, said: Any) -> None:
        def react(recorded: Any) -> Iterator[Any]:
            yield recorded

        react.__annotations__["recorded"] = said
        with pytest.raises(TypeError, match="must take Recorded"):
            Reaction.of(module("odd", __doc__="Odd.", react=react))


def found_one(name: str) -> Reaction:
    (reaction,) = (each for each in found() if each.name == name)
    return reaction
