"""Under which policy is decided? Always the last one that was published before, on any server."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.desk.test_desk import REPORT, RESOLVE, ask, note, reported
from tocsin.asks import HistoryFull, StaleVersion
from tocsin.desk import Desk
from tocsin.domain.incident.commands.resolution import Close
from tocsin.domain.incident.commands.triage import Prioritise
from tocsin.domain.incident.events import IncidentPrioritised
from tocsin.domain.incident.refusals import ResolutionNotConfirmed
from tocsin.domain.incident.state import INCIDENT
from tocsin.domain.incident.values import Impact, Urgency
from tocsin.domain.policy import DEFAULT_DOCUMENT, DEFAULT_POLICY
from tocsin.domain.policy.events import DefaultRecorded, PolicyPublished
from tocsin.domain.policy.state import POLICY, POLICY_STREAM
from tocsin.policies.publishing import publication
from tocsin.policies.versions import versions
from tocsin.settings import Settings
from tocsin.store.entries import Entry, Outcome, Stale
from tocsin.store.log import Log

CALMER = DEFAULT_DOCUMENT.replace("high   = { high = 1,", "high   = { high = 2,")
CAREFUL = DEFAULT_DOCUMENT.replace("confirmation_required = false", "confirmation_required = true")
URGENT = Prioritise(impact=Impact.HIGH, urgency=Urgency.HIGH)


async def publish(desk: Desk, document: str, **how: Any) -> dict[str, Any]:
    command = publication(document, "A test.")
    return (await desk.handle(command, stream=POLICY_STREAM, caller="noor", **how)).fields


def priorities(log: Log, stream: UUID) -> list[tuple[int, int | None]]:
    """What was decided, and by which version, in order."""
    return [
        (recorded.event.priority, recorded.event.policy_version)
        for recorded in log.history(stream)
        if isinstance(recorded.event, IncidentPrioritised)
    ]


async def test_before_anything_is_published_the_default_holds_and_the_log_stays_empty(
    desk: Desk, log: Log
) -> None:
    stream = await reported(desk)
    await ask(desk, URGENT, stream)
    assert [(1, 1)] == priorities(log, stream)
    assert [] == log.history(POLICY_STREAM)
    assert DEFAULT_POLICY == (await desk.state(POLICY_STREAM, POLICY)).policy


async def test_what_is_refused_about_the_policy_speaks_of_the_policy(
    log: Log, settings: Settings
) -> None:
    desk = Desk(log, replace(settings, history_events=2))
    await desk.start()
    await publish(desk, CALMER)
    with pytest.raises(StaleVersion, match=r"^The policy is at version 2, not 0: read it again\.$"):
        await publish(desk, CAREFUL, expected_version=0)
    with pytest.raises(HistoryFull) as refused:
        await publish(desk, CAREFUL)
    await desk.stop()

    expected = "The policy has as many events as one may have (2): raise TOCSIN_HISTORY_EVENTS."
    assert (expected, {"limit": 2}) == (str(refused.value), refused.value.facts())


async def test_a_publication_is_answered_with_where_it_is(desk: Desk, log: Log) -> None:
    await reported(desk)
    assert {
        "policy_id": str(POLICY_STREAM),
        "version": 2,
        "position": 4,
        "changed": True,
        "events": ["policy.default-recorded", "policy.published"],
    } == await publish(desk, CALMER)
    first, second = (recorded.event for recorded in log.history(POLICY_STREAM))
    assert isinstance(first, DefaultRecorded)
    assert isinstance(second, PolicyPublished)
    assert (DEFAULT_POLICY.compiled, CALMER) == (first.compiled, second.document)


async def test_the_same_policy_again_changes_nothing(desk: Desk, log: Log) -> None:
    assert not (await publish(desk, DEFAULT_DOCUMENT))["changed"]
    await publish(desk, CALMER)
    again = await publish(desk, f"# other words\n{CALMER}")
    assert (2, False, []) == (again["version"], again["changed"], again["events"])
    assert 2 == log.head()


async def test_the_next_decision_is_taken_under_the_new_policy(desk: Desk, log: Log) -> None:
    before, after = await reported(desk), await reported(desk)
    await ask(desk, URGENT, before)
    await publish(desk, CALMER)
    await ask(desk, URGENT, after)
    assert [(1, 1)] == priorities(log, before)
    assert [(2, 2)] == priorities(log, after)


async def test_what_was_decided_stays_decided(desk: Desk, log: Log) -> None:
    """An edit of the policy is no edit of the past: the bytes are the same."""
    stream = await reported(desk)
    await ask(desk, URGENT, stream)
    before = log.raw_history(stream)
    await publish(desk, CALMER)
    await publish(desk, CAREFUL)
    assert before == log.raw_history(stream)
    assert 1 == (await desk.state(stream, INCIDENT)).priority


async def test_commands_behind_a_publication_in_one_batch_are_decided_by_it(
    desk: Desk, log: Log
) -> None:
    """They came later, so the new rules are theirs."""
    streams = [await reported(desk) for _ in range(3)]
    await asyncio.gather(
        ask(desk, URGENT, streams[0]),
        publish(desk, CALMER),
        ask(desk, URGENT, streams[1]),
        ask(desk, note("no rules involved"), streams[2]),
    )
    assert [(1, 1)] == priorities(log, streams[0])
    assert [(2, 2)] == priorities(log, streams[1])


async def test_a_no_of_the_old_rules_is_no_answer_under_the_new_ones(desk: Desk, log: Log) -> None:
    """Refusals and "nothing changes" are decided again as well."""
    stream = await reported(desk)
    await ask(desk, RESOLVE, stream)
    await publish(desk, CAREFUL)
    with pytest.raises(ResolutionNotConfirmed):
        await ask(desk, Close(closure_code="solved"), stream)
    outcomes = await asyncio.gather(
        publish(desk, DEFAULT_DOCUMENT), ask(desk, Close(closure_code="solved"), stream)
    )
    assert outcomes[1].fields["changed"]


async def test_a_publication_on_another_server_is_noticed_before_the_next_decision(
    desk: Desk, log: Log, settings: Settings
) -> None:
    """Not after a while: no decision is ever stored under a policy that was replaced before it."""
    if not settings.database:
        pytest.skip("one process writes a SQLite file")
    other_log = Log.open(settings, writer=True)
    other = Desk(other_log, settings)
    await other.start()
    streams = [await reported(desk) for _ in range(8)]
    await ask(other, URGENT, streams[0])
    for number, document in enumerate([CALMER, CAREFUL] * 3):
        await asyncio.gather(publish(other, document), ask(desk, URGENT, streams[number + 1]))
    await ask(other, URGENT, streams[7])
    await other.stop()
    other_log.close()

    published = {
        recorded.position: recorded.event.version
        for recorded in log.history(POLICY_STREAM)
        if isinstance(recorded.event, PolicyPublished)
    }
    assert [*range(2, 8)] == [*published.values()]
    for recorded in log.page(0, 1_000):
        if isinstance(recorded.event, IncidentPrioritised):
            held = max((v for p, v in published.items() if p < recorded.position), default=1)
            assert held == recorded.event.policy_version


class Overtaken:
    """A log to which somebody else always publishes first, so often."""

    def __init__(self, log: Log, times: int) -> None:
        self.commit_for_real, self.times = log.commit, times
        self.asked: list[Sequence[Entry]] = []

    def __call__(self, entries: Sequence[Entry]) -> list[Outcome]:
        self.asked.append(entries)
        if self.times:
            self.times -= 1
            return [Stale(POLICY_STREAM, 9) for _ in entries]
        return self.commit_for_real(entries)


async def test_whoever_is_overtaken_looks_at_the_policy_again(
    desk: Desk, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = await reported(desk)
    rules, refreshed = desk._memory.rules, 0
    refresh = rules.refresh

    def counted() -> None:
        nonlocal refreshed
        refreshed += 1
        refresh()

    monkeypatch.setattr(rules, "refresh", counted)
    overtaken = Overtaken(log, times=2)
    monkeypatch.setattr(log, "commit", overtaken)
    receipt = await ask(desk, URGENT, stream)
    assert (3, 3, 2) == (receipt.version, len(overtaken.asked), refreshed)
    assert {(POLICY_STREAM, 0)} == {e.under for entries in overtaken.asked for e in entries}


async def test_who_publishes_names_the_version_that_they_saw(desk: Desk) -> None:
    await publish(desk, CALMER, expected_version=0)
    with pytest.raises(StaleVersion):
        await publish(desk, CAREFUL, expected_version=1)
    assert 3 == (await publish(desk, CAREFUL, expected_version=2))["version"]


async def test_a_retried_publication_is_one(desk: Desk, log: Log) -> None:
    key = uuid4()
    first = await publish(desk, CALMER, command_id=key)
    await publish(desk, CAREFUL)
    assert first == await publish(desk, CALMER, command_id=key)
    assert 3 == log.head()


async def test_two_who_publish_at_once_are_both_on_record(desk: Desk, log: Log) -> None:
    await asyncio.gather(publish(desk, CALMER), publish(desk, CAREFUL))
    assert [1, 2, 3] == [each.number for each in versions(log.history(POLICY_STREAM))]


async def test_another_desk_on_the_same_log_goes_on_with_the_policy_in_force(
    desk: Desk, log: Log, settings: Settings
) -> None:
    await publish(desk, CALMER)
    await desk.stop()
    later = Desk(log, settings)
    await later.start()
    receipt = await later.handle(REPORT, caller="ann")
    await later.handle(URGENT, stream=receipt.incident_id, caller="ann")
    await later.stop()
    assert [(2, 2)] == priorities(log, receipt.incident_id)
