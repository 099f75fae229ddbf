"""The desk: does every command take effect exactly once, in order, whatever happens around it?"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest

from tocsin.asks import (
    BeforeItBegan,
    Busy,
    CannotStore,
    HistoryFull,
    InTheFuture,
    KeyReused,
    Receipt,
    StaleVersion,
    UnknownStream,
)
from tocsin.desk import Desk
from tocsin.domain.incident.commands.investigation import Note
from tocsin.domain.incident.commands.reporting import Report
from tocsin.domain.incident.commands.resolution import Close, Reopen, Resolve
from tocsin.domain.incident.commands.triage import Acknowledge
from tocsin.domain.incident.events import IncidentAcknowledged, IncidentNoted
from tocsin.domain.incident.refusals import NotPossibleWhile
from tocsin.domain.incident.state import INCIDENT
from tocsin.domain.incident.values import Source, Visibility
from tocsin.domain.kernel import Command
from tocsin.settings import Settings
from tocsin.store.entries import Entry, Outcome, StoreUnavailable
from tocsin.store.log import Log
from tocsin.store.mapper import Unreadable

REPORT = Report(title="Mail does not arrive", source=Source.USER_REPORT)
RESOLVE = Resolve(resolution_code="fixed", resolution="Restarted the queue runner.")


def note(text: str) -> Note:
    return Note(text=text, visibility=Visibility.INTERNAL)


async def reported(desk: Desk, report: Report = REPORT) -> UUID:
    return (await desk.handle(report, caller="monitoring")).incident_id


async def ask(desk: Desk, command: Command[Any], stream: UUID, **how: Any) -> Receipt:
    return await desk.handle(command, stream=stream, caller="ann", **how)


async def test_an_answer_says_where_its_events_are(desk: Desk, log: Log) -> None:
    receipt = await desk.handle(REPORT, caller="monitoring")

    assert {
        "incident_id": str(receipt.incident_id),
        "reference": "INC0000001",
        "version": 2,
        "position": 2,
        "changed": True,
        "events": ["incident.reported", "incident.logged"],
    } == receipt.fields
    assert [1, 2] == [recorded.position for recorded in log.history(receipt.incident_id)]


async def test_references_count_upwards_and_are_never_given_out_twice(
    desk: Desk, log: Log, settings: Settings
) -> None:
    """Not even when a number was looked at for a command that then failed, or after a restart."""
    receipts = await asyncio.gather(*(desk.handle(REPORT, caller="ann") for _ in range(5)))
    await desk.stop()
    log.close()
    again = Log.open(settings, writer=True)
    later = Desk(again, settings)
    await later.start()
    receipts.append(await later.handle(REPORT, caller="ann"))
    await later.stop()
    again.close()

    numbers = [receipt.fields["reference"] for receipt in receipts]
    assert ["INC0000001", "INC0000002"] == numbers[:2]
    assert sorted(set(numbers)) == numbers


async def test_asking_for_what_is_so_records_nothing_and_says_so(desk: Desk, log: Log) -> None:
    stream = await reported(desk)
    first = await ask(desk, Acknowledge(), stream)
    second = await ask(desk, Acknowledge(), stream)

    assert (True, False) == (first.fields["changed"], second.fields["changed"])
    assert first.fields["position"] == second.fields["position"]
    assert 3 == log.head()


async def test_what_changes_nothing_in_the_batch_of_the_change_names_its_position(
    desk: Desk,
) -> None:
    stream = await reported(desk)
    first, second = await asyncio.gather(
        ask(desk, Acknowledge(), stream), ask(desk, Acknowledge(), stream)
    )

    assert [3, 3] == [first.position, second.position]


async def test_a_refusal_records_nothing_and_names_what_is_possible(desk: Desk, log: Log) -> None:
    stream = await reported(desk)
    with pytest.raises(NotPossibleWhile) as refused:
        await ask(desk, Close(closure_code="solved"), stream)

    assert "acknowledge" in refused.value.possible
    assert "close" not in refused.value.possible
    assert 2 == log.head()


async def test_a_refused_neighbour_in_a_batch_takes_nobody_down(desk: Desk) -> None:
    streams = [await reported(desk) for _ in range(4)]
    answers = await asyncio.gather(
        *(ask(desk, Acknowledge(), stream) for stream in streams[:2]),
        ask(desk, Close(closure_code="solved"), streams[2]),
        ask(desk, Acknowledge(), uuid4()),
        ask(desk, Acknowledge(), streams[3]),
        return_exceptions=True,
    )

    kinds = [type(answer) for answer in answers]
    assert [Receipt, Receipt, NotPossibleWhile, UnknownStream, Receipt] == kinds


async def test_a_stale_version_is_told_and_records_nothing(desk: Desk, log: Log) -> None:
    stream = await reported(desk)
    await ask(desk, Acknowledge(), stream, expected_version=2)
    with pytest.raises(StaleVersion, match="at version 3, not 2"):
        await ask(desk, RESOLVE, stream, expected_version=2)

    assert 3 == log.head()


async def test_a_retry_gets_the_first_answer_byte_for_byte_even_if_the_world_moved_on(
    desk: Desk,
) -> None:
    """A retried acknowledgement must not acknowledge an incident that was reopened since."""
    stream, key = await reported(desk), uuid4()
    first = await ask(desk, Acknowledge(), stream, command_id=key, expected_version=2)
    await ask(desk, RESOLVE, stream)
    await ask(desk, Reopen(reason="It is back."), stream)
    again = await ask(desk, Acknowledge(), stream, command_id=key, expected_version=2)

    assert first.body == again.body
    assert (False, True) == (first.replayed, again.replayed)


async def test_an_answer_that_nothing_changed_is_remembered_as_well(desk: Desk) -> None:
    stream, key = await reported(desk), uuid4()
    await ask(desk, Acknowledge(), stream)
    first = await ask(desk, Acknowledge(), stream, command_id=key)
    await ask(desk, note("One more thing."), stream)
    again = await ask(desk, Acknowledge(), stream, command_id=key)

    assert first.body == again.body


async def test_a_refused_command_may_succeed_when_it_is_sent_again(desk: Desk) -> None:
    stream, key = await reported(desk), uuid4()
    with pytest.raises(NotPossibleWhile):
        await ask(desk, Close(closure_code="solved"), stream, command_id=key)
    await ask(desk, RESOLVE, stream)

    assert (await ask(desk, Close(closure_code="solved"), stream, command_id=key)).fields["changed"]


async def test_a_key_stands_for_one_request_only(desk: Desk) -> None:
    stream, key = await reported(desk), uuid4()
    await ask(desk, Acknowledge(), stream, command_id=key, fingerprint=b"one")
    with pytest.raises(KeyReused):
        await ask(desk, RESOLVE, stream, command_id=key, fingerprint=b"other")


async def test_fifty_twins_have_one_effect_and_one_answer(desk: Desk, log: Log) -> None:
    key = uuid4()
    receipts = await asyncio.gather(
        *(desk.handle(REPORT, caller="ann", command_id=key) for _ in range(50))
    )

    assert 1 == len({receipt.body for receipt in receipts})
    assert 1 == sum(not receipt.replayed for receipt in receipts)
    assert 2 == log.head()


async def test_a_retry_after_a_crash_between_commit_and_answer_gets_the_first_answer(
    desk: Desk, log: Log, settings: Settings
) -> None:
    """Whoever never heard the answer asks the next process, and hears it."""
    key = uuid4()
    first = await desk.handle(REPORT, caller="ann", command_id=key)
    await desk.stop()
    log.close()

    survivor = Log.open(settings, writer=True)
    later = Desk(survivor, settings)
    await later.start()
    again = await later.handle(REPORT, caller="ann", command_id=key)
    head = survivor.head()
    await later.stop()
    survivor.close()

    assert first.body == again.body
    assert again.replayed
    assert 2 == head


class LosesTheAnswer:
    """Commits, and then says that it cannot tell: as when the connection breaks in between."""

    def __init__(self, log: Log, times: int) -> None:
        self.commit_for_real, self.times = log.commit, times

    def __call__(self, entries: Sequence[Entry]) -> list[Outcome]:
        outcomes = self.commit_for_real(entries)
        if self.times:
            self.times -= 1
            raise StoreUnavailable("the connection broke")
        return outcomes


async def test_a_commit_whose_answer_was_lost_is_not_done_twice(
    desk: Desk, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "commit", LosesTheAnswer(log, times=1))
    receipt = await desk.handle(REPORT, caller="ann")

    assert 2 == receipt.version
    assert 2 == log.head()


async def test_when_the_log_is_away_nothing_is_acknowledged_and_later_all_is_well(
    desk: Desk, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(entries: Sequence[Entry]) -> list[Outcome]:
        raise StoreUnavailable("the disk is full")

    stream = await reported(desk)
    with monkeypatch.context() as patch:
        patch.setattr(log, "commit", away)
        with pytest.raises(StoreUnavailable):
            await ask(desk, Acknowledge(), stream)

    assert (await ask(desk, Acknowledge(), stream)).fields["changed"]
    assert 3 == log.head()


async def test_an_outcome_that_cannot_be_stored_fails_alone(desk: Desk, log: Log) -> None:
    stream = await reported(desk)
    sick = replace(note("fine"), text="\ud800")
    answers = await asyncio.gather(
        ask(desk, note("before"), stream),
        ask(desk, sick, stream),
        desk.handle(REPORT, caller="ann"),
        return_exceptions=True,
    )

    assert [Receipt, CannotStore, Receipt] == [type(answer) for answer in answers]
    assert 5 == log.head()


async def test_an_incident_that_cannot_be_read_fails_alone(
    desk: Desk, log: Log, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one to which a newer version, on another server, has added what this one cannot know."""
    strange, plain = await reported(desk), await reported(desk)
    decoded = log.decoded

    def understood(bodies: Sequence[bytes]) -> Any:
        if any(str(strange).encode() in body for body in bodies):
            raise Unreadable("KeyError: incident.teleported")
        return decoded(bodies)

    monkeypatch.setattr(log, "decoded", understood)
    another = Desk(log, settings)
    await another.start()
    answers = await asyncio.gather(
        ask(another, note("before"), plain),
        ask(another, note("lost"), strange),
        another.handle(REPORT, caller="ann"),
        ask(another, note("behind"), strange),
        ask(another, note("after"), plain),
        return_exceptions=True,
    )
    await another.stop()

    kinds = [Receipt, Unreadable, Receipt, Unreadable, Receipt]
    assert kinds == [type(answer) for answer in answers]
    assert 2 + 2 + 2 + 2 == log.head()


async def test_a_hundred_clients_on_one_incident_are_all_answered_in_order(
    desk: Desk, log: Log
) -> None:
    stream = await reported(desk)
    receipts = await asyncio.gather(
        *(ask(desk, note(f"Note {n}"), stream) for n in range(100)), reported(desk)
    )

    said = [r.event.text for r in log.history(stream) if isinstance(r.event, IncidentNoted)]
    assert [f"Note {n}" for n in range(100)] == said
    versions = [r.version for r in receipts if isinstance(r, Receipt)]
    assert list(range(3, 103)) == versions


async def test_two_desks_on_one_database_lose_nothing_and_double_nothing(
    desk: Desk, log: Log, settings: Settings
) -> None:
    """A race that is lost to another server is decided again, on what the other one recorded."""
    if not settings.database:
        pytest.skip("one process writes a SQLite file")
    stream = await reported(desk)
    other_log = Log.open(settings, writer=True)
    other = Desk(other_log, settings)
    await other.start()
    await asyncio.gather(
        *(ask(desk if n % 2 else other, note(f"Note {n}"), stream) for n in range(60))
    )
    await ask(other, Acknowledge(), stream)
    late = await ask(desk, Acknowledge(), stream)
    await other.stop()
    other_log.close()

    history = log.history(stream)
    assert {f"Note {n}" for n in range(60)} == {
        r.event.text for r in history if isinstance(r.event, IncidentNoted)
    }
    assert 1 == sum(isinstance(r.event, IncidentAcknowledged) for r in history)
    assert list(range(1, 64)) == [r.version for r in history]
    assert not late.fields["changed"]


async def test_a_report_with_the_key_of_an_open_incident_finds_that_one(
    desk: Desk, log: Log
) -> None:
    alert = replace(REPORT, dedup_key="mail-queue")
    first, second = await asyncio.gather(
        desk.handle(alert, caller="monitoring"), desk.handle(alert, caller="monitoring")
    )

    assert first.incident_id == second.incident_id
    assert (True, False) == (first.fields["changed"], second.fields["changed"])
    assert 2 == log.head()


async def test_a_report_with_the_key_of_a_resolved_incident_begins_a_new_one(desk: Desk) -> None:
    alert = replace(REPORT, dedup_key="mail-queue")
    first = await reported(desk, alert)
    await ask(desk, RESOLVE, first)

    assert first != await reported(desk, alert)


async def test_an_alarm_that_rings_while_its_incident_is_resolved_is_not_swallowed(
    desk: Desk, log: Log
) -> None:
    """Found open and resolved a moment later: then the answer would name what nobody works on."""
    alert = replace(REPORT, dedup_key="mail-queue")
    first = await reported(desk, alert)
    rung, resolved = await asyncio.gather(
        desk.handle(alert, caller="monitoring"), ask(desk, RESOLVE, first)
    )

    assert resolved.fields["changed"]
    assert rung.fields["changed"]
    assert log.holder("dedup", "mail-queue") == rung.incident_id != first


async def test_an_alarm_that_rang_before_its_incident_was_reported_belongs_to_it(
    desk: Desk,
) -> None:
    """Alarms arrive late and out of order; the oldest is no reason to turn a younger one away."""
    alert = replace(REPORT, dedup_key="mail-queue")
    first = await reported(desk, alert)
    earlier = replace(alert, occurred_at=datetime.now(UTC) - timedelta(minutes=5))

    assert first == await reported(desk, earlier)


async def test_a_retried_report_still_finds_its_own_answer_after_that_incident_ended(
    desk: Desk,
) -> None:
    alert, key = replace(REPORT, dedup_key="mail-queue"), uuid4()
    first = await reported(desk, alert)
    found = await desk.handle(alert, caller="monitoring", command_id=key)
    await ask(desk, RESOLVE, first)
    again = await desk.handle(alert, caller="monitoring", command_id=key)

    assert found.body == again.body


async def test_a_time_in_the_future_is_refused(desk: Desk) -> None:
    stream = await reported(desk)
    later = datetime.now(UTC) + timedelta(hours=1)
    with pytest.raises(InTheFuture):
        await ask(desk, Acknowledge(occurred_at=later), stream)


async def test_a_time_before_the_incident_began_is_refused(desk: Desk) -> None:
    stream = await reported(desk)
    earlier = datetime.now(UTC) - timedelta(days=1)
    with pytest.raises(BeforeItBegan):
        await ask(desk, Acknowledge(occurred_at=earlier), stream)


async def test_a_fact_entered_late_keeps_both_of_its_times(desk: Desk, log: Log) -> None:
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    stream = await reported(desk, replace(REPORT, occurred_at=hour_ago))
    half = hour_ago + timedelta(minutes=30)
    await ask(desk, Acknowledge(occurred_at=half), stream)
    acknowledged = log.history(stream)[-1]

    assert half == acknowledged.occurred_at
    assert acknowledged.recorded_at > half + timedelta(minutes=29)


async def test_who_acts_for_somebody_is_recorded_beside_them(desk: Desk, log: Log) -> None:
    stream = await reported(desk)
    await ask(desk, Acknowledge(actor="ben"), stream)
    await ask(desk, note("Mine."), stream)

    assert [("ben", "ann"), ("ann", None)] == [
        (recorded.actor, recorded.via) for recorded in log.history(stream)[-2:]
    ]


async def test_recorded_times_never_go_back_in_one_history(log: Log, settings: Settings) -> None:
    """A clock that is set back must not turn a history around."""
    times = iter(datetime(2026, 3, 1, 12, tzinfo=UTC) - timedelta(hours=n) for n in range(9))
    desk = Desk(log, settings, clock=lambda: next(times))
    await desk.start()
    stream = await reported(desk)
    await ask(desk, Acknowledge(), stream)
    await ask(desk, note("Later."), stream)
    await desk.stop()

    recorded_at = [recorded.recorded_at for recorded in log.history(stream)]
    assert sorted(recorded_at) == recorded_at


async def test_a_history_has_a_limit_and_says_so(log: Log, settings: Settings) -> None:
    desk = Desk(log, replace(settings, history_events=4))
    await desk.start()
    stream = await reported(desk)
    await ask(desk, note("one"), stream)
    await ask(desk, note("two"), stream)
    with pytest.raises(HistoryFull, match=r"as many events as one may have \(4\)"):
        await ask(desk, note("three"), stream)
    await desk.stop()

    assert 4 == log.head()


async def test_a_full_desk_says_so_instead_of_growing(log: Log, settings: Settings) -> None:
    desk = Desk(log, replace(settings, queue_commands=3))
    await desk.start()
    answers = await asyncio.gather(
        *(desk.handle(REPORT, caller="ann") for _ in range(5)), return_exceptions=True
    )
    await desk.stop()

    assert [Receipt] * 3 + [Busy] * 2 == [type(answer) for answer in answers]


async def test_a_closing_desk_answers_what_it_took_and_takes_no_more(
    log: Log, settings: Settings
) -> None:
    desk = Desk(log, settings)
    await desk.start()
    taken = [asyncio.create_task(desk.handle(REPORT, caller="ann")) for _ in range(20)]
    await asyncio.sleep(0)
    await desk.stop()

    assert 20 == len({(await task).fields["reference"] for task in taken})
    with pytest.raises(Busy):
        await desk.handle(REPORT, caller="ann")


async def test_a_caller_who_goes_away_does_not_stop_the_others(desk: Desk, log: Log) -> None:
    impatient = asyncio.create_task(desk.handle(REPORT, caller="ann"))
    patient = asyncio.create_task(desk.handle(REPORT, caller="ben"))
    await asyncio.sleep(0)
    impatient.cancel()

    assert (await patient).fields["changed"]
    assert 4 == log.head()


async def test_only_so_many_incidents_stay_hot_and_the_others_are_read_again(
    log: Log, settings: Settings
) -> None:
    desk = Desk(log, replace(settings, hot_incidents=2))
    await desk.start()
    streams = [await reported(desk) for _ in range(5)]
    receipts = [await ask(desk, Acknowledge(), stream) for stream in streams]
    hot = len(desk._memory._hot)
    await desk.stop()

    assert [3] * 5 == [receipt.version for receipt in receipts]
    assert 2 == hot


async def test_the_state_is_read_from_the_log_even_if_another_process_wrote_it(
    desk: Desk, log: Log, settings: Settings
) -> None:
    stream = await reported(desk)
    if settings.database:
        other_log = Log.open(settings, writer=True)
        other = Desk(other_log, settings)
        await other.start()
        await ask(other, Acknowledge(), stream)
        await other.stop()
        other_log.close()
    else:
        await ask(desk, Acknowledge(), stream)

    assert 3 == (await desk.state(stream, INCIDENT)).version
    with pytest.raises(UnknownStream):
        await desk.state(uuid4(), INCIDENT)


async def test_the_answer_is_json_that_anybody_can_read(desk: Desk) -> None:
    receipt = await desk.handle(REPORT, caller="ann")

    assert receipt.fields == orjson.loads(receipt.body)
