"""What the OpenAPI document says of trends, signals, and incidents that are alike."""

from typing import Any

Json = dict[str, Any]

_TEXT: Json = {"type": "string"}
_WHOLE: Json = {"type": "integer"}
_NUMBER: Json = {"type": "number"}
_FLAG: Json = {"type": "boolean"}
_MAYBE: Json = {"type": ["string", "null"]}
_TEXTS: Json = {"type": "array", "items": _TEXT}
_INSTANT: Json = {"type": "string", "format": "date-time"}
_DATE: Json = {"type": "string", "format": "date"}


def _object(description: str = "", **properties: Json) -> Json:
    said = {"description": description} if description else {}
    return {**said, "type": "object", "required": [*properties], "properties": properties}


def _list(item: Json) -> Json:
    return {"type": "array", "items": item}


QUESTION: Json = _object(
    "What was asked, whole.",
    trend=_TEXT,
    by=_TEXTS,
    grain=_TEXT,
    zone=_TEXT,
    calendar=_MAYBE,
    where=_TEXTS,
    **{"from": _MAYBE, "to": _MAYBE},
    resolution=_TEXT,
    limit=_WHOLE,
)
_COLUMN: Json = _object(name=_TEXT, unit=_TEXT, doc=_TEXT)
CATALOGUE: Json = _object(
    trends=_list(
        _object(
            name=_TEXT,
            title=_TEXT,
            definition={**_TEXT, "description": "What it counts, in words."},
            version=_WHOLE,
            dimensions=_list(_object(name=_TEXT, unit=_TEXT, doc=_TEXT, always=_FLAG)),
            measures=_list(_COLUMN),
            grains=_TEXTS,
            timed={**_FLAG, "description": "It measures durations, so it knows `calendar`."},
            question=QUESTION,
        )
    )
)
ANSWER: Json = _object(
    trend=_TEXT,
    title=_TEXT,
    question=QUESTION,
    heads=_list(_object("One column.", name=_TEXT, kind=_TEXT, unit=_TEXT, doc=_TEXT)),
    rows={
        "type": "array",
        "items": {"type": "array"},
        "description": "Period, dimensions, measures; null: it cannot be said.",
    },
    position={**_WHOLE, "description": "Everything up to this event of the log is in it."},
    as_of=_INSTANT,
    notes=_TEXTS,
)

_KEY: Json = {"type": "object", "additionalProperties": _MAYBE}
_WORDS: Json = {"key": _KEY, "words": _TEXT}
CHANGE = _object(
    when=_DATE,
    before=_NUMBER,
    after=_NUMBER,
    ratio={"type": ["number", "null"]},
    p_value=_NUMBER,
    weeks_before=_WHOLE,
    weeks_after=_WHOLE,
    **_WORDS,
)
UNUSUAL = _object(
    when=_DATE, observed=_WHOLE, expected=_NUMBER, tail=_NUMBER, in_a_row=_WHOLE, **_WORDS
)
RISING = _object(
    recent=_WHOLE,
    past=_WHOLE,
    recent_weeks=_WHOLE,
    past_weeks=_WHOLE,
    expected=_NUMBER,
    p_value=_NUMBER,
    false_discovery=_NUMBER,
    share_before=_NUMBER,
    share_now=_NUMBER,
    **_WORDS,
)
RECURRING = _object(
    first=_DATE,
    last=_DATE,
    count=_WHOLE,
    linked=_WHOLE,
    most_in_window=_WHOLE,
    interval_days=_NUMBER,
    usual_per_window=_NUMBER,
    by_chance=_NUMBER,
    false_discovery=_NUMBER,
    references=_TEXTS,
    incident_ids=_TEXTS,
    **_WORDS,
)
SIGNALS: Json = {
    **_object(asked={"type": "object"}, position=_WHOLE, as_of=_INSTANT, notes=_TEXTS),
}
SIGNALS["properties"] |= {
    "change_points": _list(CHANGE),
    "unusual_days": _list(UNUSUAL),
    "rising": _list(RISING),
    "recurring": _list(RECURRING),
}
SIMILAR: Json = _object(
    incident_id=_TEXT,
    position=_WHOLE,
    items=_list(
        _object(
            incident_id=_TEXT,
            reference=_TEXT,
            title=_TEXT,
            score={
                **_NUMBER,
                "description": "BM25 of the shared words, and a tenth for each"
                " of category, service and item that is the same.",
            },
            words=_NUMBER,
            terms=_list(_object(term=_TEXT, brings=_NUMBER)),
            same_category=_FLAG,
            same_service=_FLAG,
            same_item=_FLAG,
        )
    ),
)
