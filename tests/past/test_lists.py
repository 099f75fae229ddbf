"""Lists of another moment: what the read model would have said, from the log and with the lake."""

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import Any
from uuid import UUID

import pytest

from projections import incidents, workload
from tests.lake import kit as lakes
from tests.past import kit
from tests.past.conftest import INCIDENTS
from tests.readmodels.conftest import Model, follow, named
from tocsin.domain.kernel import Recorded
from tocsin.past import asking, rows
from tocsin.past.asking import Asked, Source, ask, asked_by_name
from tocsin.past.lakeward import NotCovered
from tocsin.past.moments import Moment
from tocsin.readmodels import passing
from tocsin.readmodels.cursor import BadCursor
from tocsin.readmodels.database import Database
from tocsin.readmodels.passing import Passing, TooMany
from tocsin.settings import Settings
from tocsin.store.log import Log

LENGTH = len(kit.bent(INCIDENTS, seed=5))
MOMENTS = [
    Moment(),
    *(Moment(as_of=kit.minute(at)) for at in (0, LENGTH // 4, LENGTH // 2, LENGTH, 10 * LENGTH)),
    *(Moment(known_at=kit.minute(at)) for at in (1, LENGTH // 3, LENGTH)),
    Moment(as_of=kit.minute(LENGTH // 4), known_at=kit.minute(LENGTH // 2)),
    Moment(as_of=kit.minute(LENGTH // 2), known_at=kit.minute(LENGTH // 4)),
]


def test_from_either_store_it_is_what_the_read_model_would_have_made(either: Settings) -> None:
    """Every event folded by the read model itself, and nothing left out."""
    history = kit.history_of(either)
    for moment in MOMENTS:
        assert kit.queued(either, moment) == kit.waiting(history, moment), moment
    assert any(kit.waiting(history, moment) for moment in MOMENTS[1:])


def test_with_the_lake_it_is_the_same(with_lake: Settings) -> None:
    for moment in MOMENTS:
        by_log = kit.queued(with_lake, moment, Source.LOG)
        assert kit.queued(with_lake, moment, Source.LAKE) == by_log, moment


def test_a_lake_that_lags_is_helped_out_by_the_log(settings: Settings) -> None:
    """What came since is looked at besides."""
    lakes.lake(settings)
    with closing(Log.open(settings, writer=True)) as log:
        lakes.grow(log, _more(log))
    for moment in MOMENTS[:3]:
        answer = kit.asked(settings, "queues", moment)
        assert answer.source is Source.LAKE
        assert answer.page == kit.asked(settings, "queues", moment, source=Source.LOG).page


def _more(log: Log) -> list[Recorded[Any]]:
    """Other incidents, behind those that are there."""
    head = log.head()
    return [
        replace(each, stream=UUID(int=each.stream.int + 10**9), position=head + each.position)
        for each in kit.bent(5, seed=9)
    ]


def test_as_of_now_it_is_what_the_read_model_says_now(settings: Settings) -> None:
    """Asked of no moment, and of what was known by now."""
    database = Database.open(settings.home)
    with closing(Log.open(settings)) as log:
        projector = follow(log, database, named("open_queue"))
        model = Model(database, named("open_queue"))
        for moment in (Moment(), Moment(known_at=datetime.now(UTC))):
            assert kit.asked(settings, "queues", moment).page == model.ask("queues", limit=200)
            for group in ("group 3", "(none)"):
                there = model.ask("queue", group=group, limit=200)
                assert kit.asked(settings, "queue", moment, group=group).page == there
        projector.close()
    database.close()


def test_processes_find_what_one_finds(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "ALONE", 0)
    told: list[float] = []
    moment = MOMENTS[3]
    question = asked_by_name(
        kit.PROJECTIONS, "open_queue", "queues", moment=moment, source=Source.LOG
    )
    answer = ask(settings, question, processes=2, advance=told.append)
    assert answer == ask(settings, question)
    assert told[-1] == 1.0
    assert told == sorted(told)


def test_what_stops_one_process_stops_the_question(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shorter list would be believed."""
    monkeypatch.setattr(asking, "ALONE", 0)
    question = asked_by_name(kit.PROJECTIONS, "open_queue", "queues", moment=Moment())
    elsewhere = replace(question, projection=replace(question.projection, name="nowhere"))
    with pytest.raises(ValueError, match="unpack"):
        ask(settings, elsewhere, processes=2)


def test_a_log_is_read_in_looks_that_fit_into_memory(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = kit.asked(settings, "queues", MOMENTS[3], source=Source.LOG)
    monkeypatch.setattr(rows, "PART_EVENTS", 50)
    monkeypatch.setattr(rows, "SPAN", 20)
    monkeypatch.setattr(rows, "AT_ONCE", 2)
    assert rows.looks_at(LENGTH) > 3
    assert kit.asked(settings, "queues", MOMENTS[3], source=Source.LOG) == whole


def test_more_than_fits_into_memory_is_refused(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passing, "AT_MOST", 3)
    with pytest.raises(TooMany):
        kit.asked(settings, "queues", Moment())


@pytest.mark.parametrize("moment", [Moment(), MOMENTS[3]])
def test_names_and_texts_are_those_of_the_rows_that_are_shown(
    settings: Settings, moment: Moment
) -> None:
    """Nothing else is opened, and nothing of it is sealed in the answer."""
    for row in kit.queued(settings, moment).values():
        assert row.title.startswith(("Something is wrong", "Rather"))
        assert row.assignee is None or row.assignee.startswith("person ")


def test_people_are_asked_for_by_their_names(settings: Settings) -> None:
    history = kit.history_of(settings)
    moment, row = next(
        (moment, row)
        for moment in (Moment(as_of=kit.minute(at)) for at in range(LENGTH))
        for row in kit.waiting(history, moment).values()
        if row.assignee is not None
    )
    more = {"group": row.group, "assignee": row.assignee}
    found = kit.asked(settings, "queue", moment, **more).page.items
    assert row in found
    assert {each.assignee for each in found} == {row.assignee}


@pytest.mark.parametrize(
    ("projection", "question", "module"),
    [("incidents", "incidents", incidents), ("workload", "people", workload)],
)
def test_other_lists_are_of_the_past_as_well(
    settings: Settings, projection: str, question: str, module: Any
) -> None:
    """Also those that tell of all incidents: then every one of them is folded."""
    known = Moment(known_at=kit.minute(LENGTH // 2))
    page = _of(settings, projection, question, known)
    told = [each for each in kit.history_of(settings) if each.position <= LENGTH // 2]
    folded = [reduce(module.fold, history, None) for history in kit.by_stream(told).values()]
    with Passing(named(projection)) as mine:
        mine.add(folded)
        (query,) = (each for each in named(projection).queries if each.name == question)
        assert page == mine.ask(query, LENGTH // 2, limit=200)
    assert len(page.items) > 4


def _of(settings: Settings, projection: str, question: str, moment: Moment) -> Any:
    parameters = {"limit": 200}
    asked = asked_by_name(
        kit.PROJECTIONS, projection, question, moment=moment, parameters=parameters
    )
    return ask(settings, asked).page


def test_the_lake_does_not_pretend_to_know(with_lake: Settings) -> None:
    """Of what is over it knows too little, and of a log that is not its own nothing."""
    question = asked_by_name(kit.PROJECTIONS, "incidents", "incidents", moment=Moment())
    with pytest.raises(NotCovered, match="only with what is open"):
        ask(with_lake, replace(question, source=Source.LAKE))
    assert ask(with_lake, question).source is Source.LOG
    nowhere = replace(with_lake, lake_folder=with_lake.home / "nowhere")
    with pytest.raises(NotCovered, match="There is no lake"):
        kit.asked(nowhere, "queues", Moment(), source=Source.LAKE)
    assert kit.asked(nowhere, "queues", Moment()).source is Source.LOG
    other = Settings(home=with_lake.home.parent / "other", lake_folder=with_lake.lake_place)
    other.home.mkdir()
    with closing(Log.open(other, writer=True)) as log:
        lakes.grow(log, kit.bent(3, seed=8))
    with pytest.raises(NotCovered, match="of another log"):
        kit.asked(other, "queues", Moment(), source=Source.LAKE)
    assert kit.asked(other, "queues", Moment()).source is Source.LOG


def test_a_cursor_of_another_list_is_refused(settings: Settings) -> None:
    with pytest.raises(BadCursor):
        kit.asked(settings, "queues", Moment(), after="nonsense")


def test_a_question_that_is_of_no_past_is_none(settings: Settings) -> None:
    with pytest.raises(AssertionError, match="of no past"):
        asked_by_name(kit.PROJECTIONS, "timeline", "timeline", moment=Moment())
    assert isinstance(asked_by_name(kit.PROJECTIONS, "open_queue", "queue", moment=Moment()), Asked)


def test_it_says_to_which_position_it_belongs(settings: Settings) -> None:
    """As of a moment in the world, all that is known now counts; otherwise what was known then."""
    for at in (1, 7, LENGTH // 2):
        just_after = kit.minute(at) + timedelta(seconds=30)
        assert kit.asked(settings, "queues", Moment(known_at=just_after)).page.position == at
    early = kit.asked(settings, "queues", Moment(known_at=kit.minute(0)))
    assert (early.page.items, early.page.position) == ((), 0)
    assert kit.asked(settings, "queues", Moment(as_of=kit.minute(9))).page.position == LENGTH


def test_an_empty_log_has_empty_lists(tmp_path: Any) -> None:
    settings = Settings(home=tmp_path)
    Log.open(settings, writer=True).close()
    for moment in (Moment(), Moment(as_of=kit.minute(1)), Moment(known_at=kit.minute(1))):
        answer = kit.asked(settings, "queues", moment)
        assert (answer.page.items, answer.page.next, answer.page.position) == ((), None, 0)
