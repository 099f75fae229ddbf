"""Is somebody spoken of in a text? By whole words, whatever their case."""

import re
import unicodedata
from collections.abc import Iterable

import orjson

from tocsin.domain.subject.values import NAMES

SHORTEST = 2
"""Letters that a name has at least: a single one is in every text."""


class BadName(ValueError):
    """Nobody can be looked for by this. The sentence says why."""


class Names:
    """The names of one person: a full name, an account, an e-mail address, a telephone number."""

    def __init__(self, names: Iterable[str]) -> None:
        """Take them down.

        Raises:
            BadName: there is none, one is too short, or there are too many.
        """
        self.all = tuple(dict.fromkeys(name.strip() for name in names))
        if not self.all:
            raise BadName("Say at least one name.")
        if len(self.all) > NAMES:
            raise BadName(f"One person has at most {NAMES} names here.")
        if short := [name for name in self.all if len(name) < SHORTEST]:
            raise BadName(f"{short[0]!r} is no name: it has at least {SHORTEST} letters.")
        words = "|".join(rf"(?<!\w){re.escape(fold(name))}(?!\w)" for name in self.all)
        self._words = re.compile(words)

    def in_text(self, text: str) -> bool:
        """Whether a text speaks of one of them."""
        return self._words.search(fold(text)) is not None

    def needle(self, subjects: Iterable[str]) -> re.Pattern[str]:
        """What the stored bytes of an event contain, folded, in which a name of theirs is legible
        or one of these subjects stands."""
        written = (fold(orjson.dumps(name)[1:-1].decode()) for name in self.all)
        return re.compile("|".join(map(re.escape, [*subjects, *written])))


def fold(text: str) -> str:
    """A text as it is compared: case and forms of letters do not count."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
