"""Which stored fields say something about people, so that it can be forgotten.

An event declares it in the types of its fields. What is declared so is sealed on its way into the
log, under a key that can be destroyed; everything else stays legible for ever.
"""

from dataclasses import fields
from enum import StrEnum
from typing import Annotated, Any, get_args, get_type_hints


class Personal(StrEnum):
    """What a stored field may say about people. The values are part of the storage format."""

    PERSON = "person"
    """Who somebody is."""
    TEXT = "text"
    """Free text: anybody may be named in it."""


Who = Annotated[str, Personal.PERSON]
"""A person, by name: can be forgotten for each person."""
Words = Annotated[str, Personal.TEXT]
"""Free text: can be forgotten for each stream."""
Terms = Annotated[dict[str, str], Personal.TEXT]
"""Texts under names that are not ours: forgotten like `Words`, all together."""


def about_people(event: type[Any]) -> dict[str, Personal]:
    """The fields of a class of events that say something about people, as their types declare."""
    hints = get_type_hints(event, include_extras=True)
    told = {field.name: declared_in(hints[field.name]) for field in fields(event)}
    return {name: kind for name, kind in told.items() if kind is not None}


def declared_in(hint: Any) -> Personal | None:
    """What a field of this type says about people, wherever in the type that stands."""
    for inner in (*getattr(hint, "__metadata__", ()), *get_args(hint)):
        found = inner if isinstance(inner, Personal) else declared_in(inner)
        if found is not None:
            return found
    return None
