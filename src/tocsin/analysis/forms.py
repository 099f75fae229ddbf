"""In which forms an answer is given: as data, or as a chart."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tocsin.trends import Answer, Trend


UNDER_A_TITLE = 330
"""Characters of a definition that are shown with a chart."""


class Form(NamedTuple):
    """One form: what it is called, and as what it is sent."""

    name: str
    media_type: str
    drawn: bool = False


FORMS: Mapping[str, Form] = {
    form.name: form
    for form in (
        Form("json", "application/json"),
        Form("csv", "text/csv"),
        Form("arrow", "application/vnd.apache.arrow.stream"),
        Form("svg", "image/svg+xml", drawn=True),
        Form("png", "image/png", drawn=True),
        Form("html", "text/html", drawn=True),
    )
}


def rendered(answer: "Answer", trend: "Trend", form: str, measure: str = "") -> bytes:
    """An answer in a form; `measure` says what a chart is of, if not of what the trend is about.

    Raises:
        NoCharts: the libraries that draw are not installed.
        NothingToDraw: there is no number in it, or none of that name.
    """
    match form:
        case "json":
            return answer.bytes()
        case "csv":
            return answer.csv().encode()
        case "arrow":
            return _stream(answer)
    from tocsin.charts import chart

    drawn = chart(answer, definition=definition(trend), measure=measure)
    match form:
        case "png":
            return drawn.png()
        case "html":
            return drawn.html().encode()
    return drawn.svg().encode()


def definition(trend: "Trend") -> str:
    """The definition in words, as many whole sentences as fit under a title."""
    sentences = " ".join(trend.doc.split()).split(". ")
    said = sentences[0]
    for each in sentences[1:]:
        if len(said) + len(each) > UNDER_A_TITLE:
            break
        said = f"{said}. {each}"
    return said if said.endswith((".", "?")) else f"{said}."


def described(trend: "Trend") -> dict[str, object]:
    """What a trend can be asked, and what it answers."""
    return {
        "name": trend.name,
        "title": trend.title,
        "definition": trend.doc,
        "version": trend.version,
        "dimensions": [
            {"name": each.name, "unit": each.unit, "doc": each.doc, "always": each.name in always}
            for always in [trend.always]
            for each in trend.dimensions
        ],
        "measures": [
            {"name": each.name, "unit": each.unit, "doc": each.doc} for each in trend.measures
        ],
        "grains": [str(grain) for grain in trend.grains],
        "timed": trend.timed,
        "question": trend.question.said(),
    }


def _stream(answer: "Answer") -> bytes:
    """Arrow's stream, with what the answer says of itself beside the columns."""
    import orjson
    import pyarrow as pa

    table = answer.arrow()
    said = answer.json()
    del said["rows"], said["heads"]
    told = {**(table.schema.metadata or {}), b"tocsin": orjson.dumps(said)}
    table = table.replace_schema_metadata(told)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as out:
        out.write_table(table)
    stream: bytes = sink.getvalue().to_pybytes()
    return stream
