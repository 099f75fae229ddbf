"""Is the log an ordinary application of the eventsourcing library, where the library looks?"""

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
from eventsourcing.application import AggregateNotFoundError, Application
from eventsourcing.persistence import ApplicationRecorder, IntegrityError, Notification

from tests.store.conftest import Store
from tests.store.samples import ACKNOWLEDGED, drafts, entry, noted
from tocsin.store.log import Log

STREAM = uuid4()


def recorded(*texts: str, after: int = 0, stream: UUID = STREAM) -> list[Any]:
    events = (noted(text) for text in texts)
    return list(drafts(*events, stream=stream, after=after, command_id=uuid4()))


@dataclass(frozen=True)
class Story:
    """The texts of a stream's notes."""

    id: UUID
    version: int = 0
    texts: tuple[str, ...] = ()


def told(story: Story | None, events: Iterable[Any]) -> Story | None:
    """A projector in the library's form."""
    for event in events:
        story = story or Story(event.originator_id)
        texts = (*story.texts, event.event.text)
        story = Story(story.id, event.originator_version, texts)
    return story


def test_it_is_one(log: Log) -> None:
    assert isinstance(log, Application)
    assert isinstance(log.recorder, ApplicationRecorder)
    assert log.name == "tocsin"


def test_what_the_event_store_puts_the_repository_gets(log: Log) -> None:
    log.events.put(recorded("a", "b"))
    log.events.put(recorded("c", after=2))
    assert log.repository.get(STREAM, projector_func=told) == Story(STREAM, 3, ("a", "b", "c"))
    assert log.repository.get(STREAM, version=2, projector_func=told).texts == ("a", "b")
    with pytest.raises(AggregateNotFoundError):
        log.repository.get(uuid4(), projector_func=told)


def test_the_event_store_says_where_it_put_them(log: Log) -> None:
    recordings = log.events.put(recorded("a", "b"))
    assert [recording.notification.id for recording in recordings] == [1, 2]
    assert log.recorder.insert_events([]) == []


@pytest.mark.parametrize("after", [0, 2])
def test_a_conflict_is_the_librarys_own_error(log: Log, after: int) -> None:
    log.events.put(recorded("a"))
    with pytest.raises(IntegrityError):
        log.events.put(recorded("other", after=after))
    assert log.head() == 1


def test_a_command_id_given_to_the_library_is_used_once(log: Log) -> None:
    same = uuid4()
    log.events.put(recorded("a"), command_id=same)
    with pytest.raises(IntegrityError):
        log.events.put(recorded("a", stream=uuid4()), command_id=same)
    assert log.head() == 1


def test_the_notification_log_gives_the_events_in_order(log: Log) -> None:
    log.commit([entry(*(noted(str(n)) for n in range(1, 26)))])
    section = log.notification_log["1,10"]
    assert section.id == "1,10"
    assert section.next_id == "11,20"
    selected = log.notification_log.select(start=11, limit=5)
    assert [notification.id for notification in selected] == [11, 12, 13, 14, 15]
    assert log.notification_log["21,30"].next_id is None


def test_selections_have_the_librarys_bounds(log: Log) -> None:
    log.commit([entry(*(noted(str(n)) for n in range(1, 8)), stream=STREAM)])

    def ids(*given: Any, **named: Any) -> list[int]:
        return [each.id for each in log.recorder.select_notifications(*given, **named)]

    assert ids(None, 3) == [1, 2, 3]
    assert ids(3, 3) == [3, 4, 5]
    assert ids(3, 3, inclusive_of_start=False) == [4, 5, 6]
    assert ids(3, 9, 5) == [3, 4, 5]
    assert ids(8, 9) == []
    versions = [event.originator_version for event in log.recorder.select_events(STREAM)]
    assert versions == [1, 2, 3, 4, 5, 6, 7]
    some = log.recorder.select_events(STREAM, gt=2, lte=6, desc=True, limit=2)
    assert [event.originator_version for event in some] == [6, 5]
    assert len(log.recorder.select_events(str(STREAM), limit=3)) == 3


def test_a_limit_counts_only_the_topics_asked_for(log: Log) -> None:
    batch = [entry(noted(str(n)), ACKNOWLEDGED, noted("x")) for n in range(500)]
    log.commit(batch)
    rare = log.recorder.select_notifications(1, 450, topics=["incident.acknowledged"])
    assert [notification.id for notification in rare] == list(range(2, 1350, 3))


def test_a_subscription_gives_what_was_there_and_what_comes(log: Log) -> None:
    """On both stores, and again after it caught up."""
    log.commit([entry(noted("1")), entry(noted("2"))])
    seen: list[Notification] = []
    with log.recorder.subscribe(gt=1) as subscription:
        seen.append(next(subscription))
        later = threading.Timer(0.05, lambda: log.commit([entry(noted("3"), noted("4"))]))
        later.start()
        seen += [next(subscription), next(subscription)]
        later.join()
        subscription.stop()
        assert list(subscription) == []
    assert [notification.id for notification in seen] == [2, 3, 4]


def test_a_subscription_in_another_process_needs_no_bell(store: Store) -> None:
    """It polls: nothing that can be lost tells it to look."""
    log = store.open()
    follower = store.open(writer=False)
    assert follower.recorder is not log.recorder
    with follower.recorder.subscribe() as subscription:
        later = threading.Timer(0.1, lambda: log.commit([entry(noted("1"))]))
        later.start()
        assert next(subscription).id == 1
        later.join()


def test_it_keeps_neither_snapshots_nor_tracking(log: Log) -> None:
    """Both would be a second truth beside the events."""
    assert log.snapshots is None
    for make in (
        log.factory.aggregate_recorder,
        log.factory.tracking_recorder,
        log.factory.process_recorder,
    ):
        with pytest.raises(NotImplementedError, match="neither snapshots nor tracking"):
            make()
