"""What happened in a review, in words: one sentence for each event."""

from collections.abc import Callable
from typing import Any, get_args

from tocsin.domain.review.chapters import acting, learning, opening
from tocsin.domain.review.events import ReviewEvent

CHAPTERS: tuple[Any, ...] = (opening, learning, acting)
SAID_BY: dict[type[ReviewEvent], Callable[[Any], str]] = {
    kind: chapter.words for chapter in CHAPTERS for kind in get_args(chapter.Chapter)
}
assert SAID_BY.keys() == set(get_args(ReviewEvent)), "every event belongs to one chapter"


def words(event: ReviewEvent) -> str:
    """The event as one sentence, without who and when: those are in its envelope."""
    return SAID_BY[type(event)](event)
