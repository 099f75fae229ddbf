"""The parts of a what-if as a body says them: each is refused by its name when it does not fit."""

from datetime import UTC, datetime
from typing import Any

from tocsin.door import Flaw, Invalid
from tocsin.whatif.question import CONDITIONS

FIELDS = ("policy", "against", "since", "until", "where", "at")


def moments(raw: dict[str, Any]) -> tuple[datetime | None, datetime | None]:
    """`since` and `until`, in UTC.

    Raises:
        Invalid: one of them is no time with its zone.
    """
    return _moment(raw, "since"), _moment(raw, "until")


def _moment(raw: dict[str, Any], field: str) -> datetime | None:
    text = raw.get(field)
    if text is None:
        return None
    flaw = Invalid([Flaw(field, "is a time with its zone, as in 2026-03-01T14:05:00Z")])
    if not isinstance(text, str) or text[4:5] != "-" or text[10:11] != "T":
        raise flaw
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise flaw
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise flaw from None


def chosen(where: Any) -> list[tuple[str, str]]:
    """The conditions, as pairs.

    Raises:
        Invalid: they are no list of conditions.
    """
    if where is None:
        return []
    flaw = Invalid([Flaw("where", 'is a list of conditions, as in ["priority=1"]')])
    if not isinstance(where, list) or len(where) > CONDITIONS:
        raise flaw
    pairs = []
    for each in where:
        key, found, value = each.partition("=") if isinstance(each, str) else ("", "", "")
        if not found:
            raise flaw
        pairs.append((key.strip(), value.strip()))
    return pairs
