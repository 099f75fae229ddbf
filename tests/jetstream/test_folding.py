"""What rings again is asked once, unless the one question was answered before it rang."""

from tests.jetstream.queueing import Queue
from tocsin.domain.incident.values import Status


async def test_an_alarm_is_not_folded_into_what_was_decided_before_it_rang(queue: Queue) -> None:
    """The first is delivered again, and its incident has been resolved since."""
    await queue.prepare()
    await queue.alert(id="1")
    await queue.taken_in()
    await queue.alert(action="resolve")
    await queue.taken_in()

    for name in ("1", "2", "3"):
        await queue.alert(id=name)
    intake = await queue.taken_in()

    assert [each.status for each in queue.incidents()] == [Status.RESOLVED, Status.NEW]
    assert intake.handler is not None
    assert intake.handler.tally.folded == 1


async def test_a_whole_story_that_is_delivered_again_is_not_told_again(queue: Queue) -> None:
    """The end behind it was asked then as well: what was folded had come by that time."""
    await queue.prepare()
    for _ in range(2):
        await queue.alert(id="1")
        await queue.alert(id="2")
        await queue.alert(id="3", action="resolve")
        await queue.taken_in()

    assert [each.status for each in queue.incidents()] == [Status.RESOLVED]
    assert await queue.parked() == []
