"""One question to one lake: what is kept, what was added since, and what came after the segments.

A kept result is continued by the rows of the segments after it, and kept again. What came after the
last segment is added for the answer and never kept, as it will be written anew.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import numpy as np
import pyarrow as pa

from tocsin.domain.calendar import Calendar
from tocsin.domain.openings import instant
from tocsin.trends import periods
from tocsin.trends.answer import Answer
from tocsin.trends.cells import Cells, gathered
from tocsin.trends.definition import Part, Trend
from tocsin.trends.kept import Kept
from tocsin.trends.partials import added, unified
from tocsin.trends.question import BadQuestion, Grain, Question, Resolution
from tocsin.trends.scene import Scene
from tocsin.trends.source import Source, Stretch, View
from tocsin.trends.sums import Ground, digest, sums
from tocsin.trends.working import workdays

Progress = Callable[[str], None]
"""Told what is being worked out."""


def ask(lake: Source, question: Question, *, progress: Progress | None = None) -> Answer:
    """The answer, as of the newest event that is in the lake.

    Raises:
        BadQuestion: it cannot be answered; the sentence says what can.
    """
    trend = named(lake, question.trend)
    question = trend.checked(question)
    with lake.alone():
        for attempt in range(RETRIES):
            view = lake.view()
            try:
                scene, found = _sums(lake, view, trend, question, progress)
                break
            except Exception:
                # The tail was written anew meanwhile, and the files of the old one are gone.
                if attempt == RETRIES - 1 or _there(view):
                    raise
    cells = (trend.cells or gathered)(found, scene)
    return _answer(cells, view.position)


RETRIES = 3


def named(lake: Source, name: str) -> Trend:
    """A trend of the lake.

    Raises:
        BadQuestion: there is none of that name.
    """
    trend = lake.trends.get(name)
    if trend is None:
        near = get_close_matches(name, lake.trends, 1)
        hint = f"Did you mean {near[0]}?" if near else f"There are {', '.join(lake.trends)}."
        raise BadQuestion("trend", f"there is no {name!r}. {hint}")
    return trend


@dataclass(frozen=True)
class _Asked:
    lake: Source
    view: View
    ground: Ground
    progress: Progress | None

    def part(self, name: str, part: Part) -> pa.Table:
        """The sums of one part up to the end of the lake."""
        kept = Kept(self.lake.kept, self.lake.most_kept)
        trend, view = self.ground.trend, self.view
        engine = self.lake.engine.name
        key = digest(name, self.ground)
        file = kept.file(view.identity, engine, trend.name, trend.version, name, key)
        position, rows = kept.read(file, view.end) or (0, None)
        fresh = [each for each in view.sealed if each.first > position]
        tables = [rows] if rows is not None else []
        if fresh:
            self._tell(f"{trend.title}: {name}, from event {position + 1:,} on")
            tables.append(self._scan(part, fresh, key))
            tables = [added(tables)]
            kept.write(file, view.end, tables[0])
        if view.tail is not None:
            tables.append(self._scan(part, [view.tail], key))
        return added(tables) if tables else self._scan(part, [], key)

    def _scan(self, part: Part, stretches: list[Stretch], key: str) -> pa.Table:
        engine = self.lake.engine
        files = [file for each in stretches for file in each.files.get(part.table, ())]
        if not files:
            return _nothing(part, self.ground)
        days, known = None, self.ground.workdays
        if known is not None and part.lasted is not None:
            days = engine.parquet(known.name, [known.file(self.lake.kept / "calendars")])
        # One name for whatever is read now, so that the question has the same words every time.
        table = engine.parquet(f"asked_{part.table}", files)
        words = (key, self.ground.years)
        return unified(engine.answer(words, lambda: sums(part, table, self.ground, days)))

    def _tell(self, sentence: str) -> None:
        if self.progress is not None:
            self.progress(sentence)


def _sums(
    lake: Source, view: View, trend: Trend, question: Question, progress: Progress | None
) -> tuple[Scene, dict[str, pa.Table]]:
    calendar = _calendar(lake, view, question)
    years = periods.years_of(*view.reach)
    ground = Ground(
        trend=trend,
        question=question,
        years=years,
        workdays=workdays(calendar) if calendar is not None else None,
    )
    asked = _Asked(lake, view, ground, progress)
    found = {name: asked.part(name, trend.part(name, question)) for name in trend.parts}
    scene = Scene(
        trend=trend, question=question, as_of_us=view.as_of_us, years=years, calendar=calendar
    )
    return scene, found


def _there(view: View) -> bool:
    """Whether all the files of a view still are."""
    stretches = [*view.sealed, *([view.tail] if view.tail else [])]
    return all(f.exists() for each in stretches for files in each.files.values() for f in files)


def _calendar(lake: Source, view: View, question: Question) -> Calendar | None:
    """The calendar that was asked for; none where every hour counts."""
    if question.calendar is None:
        return None
    policy = lake.policy(view)
    calendar = policy.calendars.get(question.calendar)
    if calendar is None:
        known = ", ".join(sorted(policy.calendars))
        raise BadQuestion("calendar", f"the policy has no {question.calendar!r}. It has {known}.")
    return None if calendar.always else calendar


def _nothing(part: Part, ground: Ground) -> pa.Table:
    """The sums over no rows."""
    import ibis

    from tocsin.trends.sums import SCHEMAS

    days = None
    if ground.workdays is not None:
        days = ibis.table(ground.workdays.rows.schema, name=ground.workdays.name)
    table = ibis.table(SCHEMAS[part.table], name=part.table)
    schema = sums(part, table, ground, days).schema().to_pyarrow()
    return unified(schema.empty_table())


def _answer(cells: Cells, position: int) -> Answer:
    scene = cells.scene
    question, trend = scene.question, scene.trend
    if cells.size > question.limit:
        raise BadQuestion(
            "limit",
            f"the answer has {cells.size:,} rows, more than {question.limit:,}. Ask for fewer"
            " dimensions, a longer grain, a shorter time, or a higher limit.",
        )
    columns = [_keys(name, values, question) for name, values in cells.keys.items()]
    columns += [_values(measure.of(cells)) for measure in trend.measures]
    return Answer(
        trend=trend.name,
        title=trend.title,
        question=question,
        heads=trend.heads(question),
        rows=tuple(zip(*columns, strict=True)),
        position=position,
        as_of=instant(scene.as_of_us),
        notes=tuple(_notes(trend, question)),
    )


def _keys(name: str, values: Any, question: Question) -> list[Any]:
    if name != "period":
        return list(values)
    first = {each: periods.begins(each, question.grain) for each in {*values}}
    return [first[each] for each in values]


def _values(found: Any) -> list[Any]:
    """Plain numbers; None for what cannot be said."""
    if np.issubdtype(found.dtype, np.integer):
        return list(found.tolist())
    return [None if value != value else value for value in found.tolist()]  # noqa: PLR0124


def _notes(trend: Trend, question: Question) -> Iterator[str]:
    if question.grain is not Grain.ALL:
        yield f"Periods are those of {question.zone}."
    if trend.timed:
        if question.calendar is None:
            yield "Every hour counts: nights, weekends and holidays too."
        else:
            yield f"Only the working time of the calendar {question.calendar} counts."
        if question.resolution is Resolution.LOG:
            yield "Percentiles are right to 2 %; ask for resolution=exact to have them exact."
