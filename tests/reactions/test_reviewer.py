"""Is a review opened of what the policy wants reviewed, once, and of nothing else?"""

from typing import Any
from uuid import UUID

import pytest

from tests.reactions.conftest import REPORT, Server
from tests.reactions.test_follower import RESOLVE
from tests.reactions.times import after
from tocsin.domain.incident.commands.investigation import Note
from tocsin.domain.incident.commands.resolution import Close, Reopen
from tocsin.domain.incident.commands.triage import Prioritise
from tocsin.domain.incident.events import IncidentResolved
from tocsin.domain.incident.values import Impact, Urgency, Visibility
from tocsin.domain.kernel import Recorded, replace
from tocsin.domain.policy import DEFAULT_DOCUMENT
from tocsin.domain.policy.state import POLICY_STREAM
from tocsin.domain.review.commands.opening import OpenReview
from tocsin.domain.review.events import ReviewMadeMandatory, ReviewOpened
from tocsin.domain.review.values import review_stream
from tocsin.policies.publishing import publication
from tocsin.reactions import reviewer
from tocsin.reactions.past import Past

CLOSE = Close(closure_code="solved")
LOW = Prioritise(impact=Impact.LOW, urgency=Urgency.LOW)
HIGH = Prioritise(impact=Impact.HIGH, urgency=Urgency.MEDIUM)
NO_REVIEWS = DEFAULT_DOCUMENT[: DEFAULT_DOCUMENT.index("[reviews]")]


def reviewed(server: Server, incident: UUID) -> list[Recorded[Any]]:
    return server.log.history(review_stream(incident))


async def resolved(server: Server, priority: Prioritise | None = None) -> UUID:
    incident = (await server.ask(REPORT)).incident_id
    if priority is not None:
        await server.ask(priority, incident)
    await server.ask(RESOLVE, incident)
    return incident


async def test_a_critical_incident_is_to_be_reviewed_when_it_is_resolved(server: Server) -> None:
    incident = await server.critical()
    await server.ask(RESOLVE, incident)
    assert 2 == await server.react()
    opened, required = reviewed(server, incident)
    (fact,) = (r for r in server.log.history(incident) if isinstance(r.event, IncidentResolved))
    assert isinstance(opened.event, ReviewOpened)
    assert (str(incident), "INC0000001", REPORT.title) == (
        opened.event.incident_id, opened.event.reference, opened.event.title,
    )  # fmt: skip
    assert isinstance(required.event, ReviewMadeMandatory)
    assert ("It is to be reviewed: priority 1.", 1) == (
        required.event.reason, required.event.policy_version,
    )  # fmt: skip
    for each in (opened, required):
        assert ("timekeeper", None, fact.position) == (each.actor, each.via, each.causation)


async def test_what_was_closed_later_is_not_reviewed_twice(server: Server) -> None:
    incident = await server.critical()
    await server.ask(RESOLVE, incident)
    await server.react()
    await server.ask(CLOSE, incident)
    await server.ask(Reopen(reason="It is back."), incident)
    await server.ask(RESOLVE, incident)
    assert 0 == await server.react()
    assert 2 == len(reviewed(server, incident))


async def test_who_forgot_where_it_was_opens_nothing_again(server: Server) -> None:
    incident = await server.critical()
    await server.ask(RESOLVE, incident)
    await server.react()
    again = server.follower("reviewer")
    again.position = 0
    assert 0 == await again.step()
    assert 2 == len(reviewed(server, incident))


async def test_what_the_policy_does_not_ask_for_is_not_reviewed(small: Server) -> None:
    incident = await resolved(small, LOW)
    await small.ask(CLOSE, incident)
    assert 0 == await small.react()
    assert [] == reviewed(small, incident)


async def test_what_turns_out_to_be_critical_in_the_end_is_reviewed_then(small: Server) -> None:
    incident = await resolved(small, LOW)
    assert 0 == await small.react()
    await small.ask(Reopen(reason="It is everybody."), incident)
    critical = Prioritise(impact=Impact.HIGH, urgency=Urgency.HIGH)
    await small.ask(critical, incident)
    await small.ask(RESOLVE, incident)
    await small.ask(CLOSE, incident)
    assert 2 == await small.react()


async def test_a_missed_target_is_known_from_the_history_itself(small: Server) -> None:
    """The timekeeper may not have come to it yet."""
    incident = (await small.ask(REPORT)).incident_id
    await small.ask(HIGH, incident)
    small.clock.now = after(minutes=9 * 60)
    await small.ask(RESOLVE, incident)
    assert 2 == await small.react()
    (_, required) = reviewed(small, incident)
    assert "It is to be reviewed: priority 2, a missed target." == required.event.reason


async def test_a_review_that_somebody_opened_becomes_mandatory(server: Server) -> None:
    incident = await server.critical()
    mine = OpenReview(
        incident="INC0000001", reason="It was bad.", incident_id=str(incident), title=REPORT.title
    )
    await server.ask(mine, review_stream(incident))
    server.clock.now = after(minutes=5)
    await server.ask(RESOLVE, incident)
    assert 1 == await server.react()
    assert ["ann", "timekeeper"] == [each.actor for each in reviewed(server, incident)]


async def test_the_policy_of_the_time_decides_however_late_anybody_asks(small: Server) -> None:
    before = await small.critical()
    await small.ask(RESOLVE, before)
    await small.ask(publication(NO_REVIEWS, "No more reviews."), POLICY_STREAM)
    since = await small.critical()
    await small.ask(RESOLVE, since)
    assert 2 == await small.react()
    assert (2, 0) == (len(reviewed(small, before)), len(reviewed(small, since)))


async def test_what_was_taken_over_as_resolved_is_not_reviewed(small: Server) -> None:
    incident = await small.critical()
    await small.ask(RESOLVE, incident)
    (fact,) = (r for r in small.log.history(incident) if isinstance(r.event, IncidentResolved))
    past = Past(small.log)
    assert 2 == len(list(reviewer.react(fact, past)))
    assert [] == list(reviewer.react(replace(fact, via="import:servicenow-audit"), past))
    assert 2 == len(list(reviewer.react(replace(fact, via="pager"), past)))


async def test_what_happens_after_the_fact_does_not_matter(small: Server) -> None:
    """Asked late, the incident is judged as it stood then."""
    incident = await small.critical()
    await small.ask(RESOLVE, incident)
    (fact,) = (r for r in small.log.history(incident) if isinstance(r.event, IncidentResolved))
    await small.ask(Reopen(reason="It is back."), incident)
    await small.ask(LOW, incident)
    await small.ask(Note(text="Hm.", visibility=Visibility.INTERNAL), incident)
    assert [fact] == Past(small.log).until(fact)[-1:]
    assert 2 == await small.react()


async def test_what_no_policy_wants_reviewed_is_not_looked_up(
    small: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The desk has it in memory: most incidents are none of the reviewers' business."""
    looked: list[UUID] = []
    until = Past.until

    def noted(self: Past, fact: Recorded[Any]) -> list[Recorded[Any]]:
        looked.append(fact.stream)
        return until(self, fact)

    monkeypatch.setattr(Past, "until", noted)
    await resolved(small, LOW)
    high = await resolved(small, HIGH)
    assert 0 == await small.react()
    assert [high] == looked, "only whether a target was missed is to be reckoned"


async def test_what_is_in_memory_counts_only_as_the_fact_left_it(small: Server) -> None:
    """Made unimportant since, it is judged as it stood when it was resolved."""
    incident = await small.critical()
    await small.ask(RESOLVE, incident)
    await small.ask(Reopen(reason="It is back."), incident)
    await small.ask(LOW, incident)
    assert 2 == await small.react()
