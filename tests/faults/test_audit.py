"""Would we notice? An examination that finds nothing wrong must be able to find something."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from tests.faults.audit import Audit, audit
from tests.faults.load import OWNER, Told
from tocsin.desk import Desk
from tocsin.domain.incident.commands.investigation import Note
from tocsin.domain.incident.commands.reporting import Report
from tocsin.domain.incident.values import Source
from tocsin.settings import Settings
from tocsin.store.log import Log
from tocsin.store.sqlite_file import connect

REPORT = Report(title="Mail is down", source=Source.MONITORING)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A store that nobody damaged yet."""
    return Settings(home=tmp_path)


@pytest.fixture
async def desk(settings: Settings) -> AsyncIterator[Desk]:
    """A desk on it."""
    log = Log.open(settings, writer=True)
    desk = Desk(log, settings)
    await desk.start()
    yield desk
    await desk.stop()
    log.close()


async def reported(desk: Desk) -> Told:
    """A report as its client saw it."""
    told = Told(str(uuid4()), "/incidents", {}, 201, b"", replayed=False, attempts=1)
    receipt = await desk.handle(REPORT, caller=OWNER, command_id=told.command_id)
    return replace(told, answer=receipt.body)


async def test_what_is_as_it_was_acknowledged_is_clean(desk: Desk, settings: Settings) -> None:
    told = await reported(desk)

    assert audit(settings, [told]) == Audit(1, 2, (), (), (), "ok")


async def test_an_acknowledged_command_that_is_not_there_is_lost(
    desk: Desk, settings: Settings
) -> None:
    told = await reported(desk)
    never = replace(told, key="another")

    assert audit(settings, [told, never]).lost == ("another",)


async def test_another_answer_than_the_one_that_was_heard_is_a_loss(
    desk: Desk, settings: Settings
) -> None:
    told = await reported(desk)
    heard = replace(told, answer=told.answer.replace(b'"position":2', b'"position":1'))

    assert audit(settings, [heard]).lost == (told.key,)


async def test_a_refused_command_that_recorded_something_is_found(
    desk: Desk, settings: Settings
) -> None:
    told = replace(await reported(desk), status=409)

    assert audit(settings, [told]).lost == (told.key,)


async def test_the_same_words_twice_are_doubled_whatever_their_ids(
    desk: Desk, settings: Settings
) -> None:
    told = await reported(desk)
    (stream,) = {recorded.stream for recorded in desk.log.page(0, 9)}
    for actor in ("ann", "bob"):
        await desk.handle(Note(text="Once."), stream=stream, caller=actor)

    assert audit(settings, [told]).doubled == ("Once.",)


async def test_a_missing_event_is_a_gap_and_a_loss(desk: Desk, settings: Settings) -> None:
    first, second = await reported(desk), await reported(desk)
    connection = connect(settings.log_file, write=True)
    connection.execute("DROP TRIGGER events_delete")
    connection.execute("DELETE FROM events WHERE position = 2")
    connection.close()
    found = audit(settings, [first, second])

    assert found.lost == (first.key,)
    assert found.gaps == ("position 3 at place 2", "position 4 at place 3")
