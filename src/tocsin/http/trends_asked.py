"""What may be asked of trends and signals, as parameters of a request, and in which form.

What they say is judged where the lake is: a slip is told by the name of its field.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import Path, Query, Request

from tocsin.analysis.asked import MOST_SHOWN, SHOWN, WEEKS, WINDOW_DAYS
from tocsin.analysis.forms import FORMS
from tocsin.http.problems import invalid
from tocsin.trends.question import MOST_ROWS

SERVED = ("json", "csv", "arrow", "svg", "png")


def _text(description: str, *, alias: str | None = None, most: int = 60) -> Any:
    return Query(alias=alias, max_length=most, description=description)


def _list(description: str) -> Any:
    return Query(max_length=50, description=description)


def one_of(forms: Iterable[str]) -> Any:
    """What is said of a parameter that says in which form an answer is given."""
    extra: dict[str, Any] = {"enum": [*forms]}
    words = "Default: as `Accept` says."
    return Query(alias="format", max_length=20, description=words, json_schema_extra=extra)


Name = Annotated[str, Path(max_length=60, description="Of the trend, as `GET /trends` lists them.")]
By = Annotated[list[str] | None, _list("Dimensions to slice by.")]
One = Annotated[str | None, _text("Look into each value of this dimension.", alias="by")]
Where = Annotated[list[str] | None, _list("Only these: `where=priority=1`.")]
Grain = Annotated[
    Literal["day", "week", "month", "quarter", "year", "all"] | None, Query(description="Periods.")
]
Since = Annotated[date | None, Query(alias="from", description="First date that is shown.")]
Until = Annotated[date | None, Query(alias="to", description="First date that is not.")]
Zone = Annotated[str | None, _text("Whose days: `Europe/Vienna`. Default: UTC.")]
Calendar = Annotated[str | None, _text("Working time of this calendar.", most=200)]
Resolution = Annotated[
    Literal["log", "exact"] | None, Query(description="Of percentiles; log is right to 2 %.")
]
Limit = Annotated[int | None, Query(ge=1, le=MOST_ROWS, description="Most rows.")]
Form = Annotated[str | None, one_of(SERVED)]
Measure = Annotated[str | None, _text("Which number, in a chart or in signals.")]
Kinds = Annotated[
    list[Literal["change-points", "unusual-days", "rising", "recurring"]] | None,
    _list("Default: all."),
]
Trend = Annotated[str | None, _text("Whose counts. Default: volume.")]
Window = Annotated[
    int | None, Query(ge=1, le=366, description=f"Days of recurrence. Default: {WINDOW_DAYS}.")
]
Weeks = Annotated[
    int | None, Query(ge=1, le=26, description=f"Recent weeks of what rises. Default: {WEEKS}.")
]
Show = Annotated[
    int | None, Query(ge=1, le=MOST_SHOWN, description=f"Most of each kind. Default: {SHOWN}.")
]
Most = Annotated[int, Query(ge=1, le=100, description="Most incidents.")]


def said(**asked: Any) -> Mapping[str, Any]:
    """What was said, in the words of the request."""
    names = {"since": "from", "until": "to"}
    return {
        names.get(name, name): value if isinstance(value, list) else str(value)
        for name, value in asked.items()
        if value is not None
    }


def held(request: Request) -> tuple[str, ...]:
    """The tags of what the caller has."""
    stated = request.headers.get("if-none-match", "")
    return tuple(each.strip().removeprefix("W/") for each in stated.split(",") if each.strip())


def form(request: Request, wanted: str | None) -> str:
    """In which form an answer is given.

    Raises:
        Problem: 422, there is no such form.
    """
    return chosen(request, wanted, {name: FORMS[name].media_type for name in SERVED}, "json")


def chosen(request: Request, wanted: str | None, forms: Mapping[str, str], usual: str) -> str:
    """Of forms and their media types, the one that `format` says, or else the first in `Accept`
    that there is.

    Raises:
        Problem: 422, there is no such form.
    """
    if wanted is not None:
        if wanted not in forms:
            raise invalid([{"field": "format", "reason": f"is one of {', '.join(forms)}"}])
        return wanted
    by_type = {media: name for name, media in forms.items()}
    for each in request.headers.get("accept", "").split(","):
        found = by_type.get(each.partition(";")[0].strip().lower())
        if found:
            return found
    return usual
