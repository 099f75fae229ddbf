"""Any event in words: one sentence, without who and when, as its own kind of record says it."""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.util import find_spec

from tocsin.domain.kernel import Event


def words_of(event: Event) -> str:
    """The event as one sentence; by its name where its kind has no words."""
    words = _words(event.event_name.partition(".")[0])
    return words(event) if words else event.event_name


@cache
def _words(kind: str) -> Callable[[Event], str] | None:
    name = f"tocsin.domain.{kind}.words"
    found: Callable[[Event], str] | None = import_module(name).words if find_spec(name) else None
    return found
