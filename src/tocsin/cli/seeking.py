"""Going to a place in a history: to a step by its number, or to where a field changed."""

from collections.abc import Callable, Iterable

ENTER = frozenset({"\r", "\n"})
ERASE = frozenset({"\x7f", "\b"})
GIVE_UP = frozenset({"\x1b", "\x03", "\x04"})
SLASH = "/"
NEXT, PREVIOUS = ";", ","
LONGEST = 40
"""Characters that can be typed: more than any field's name has."""

Changed = Callable[[int], Iterable[str]]
"""The names of the fields that the event of a step changed."""


class Seeking:
    """What somebody is typing, and what was looked for last."""

    def __init__(self, last: int, changed: Changed) -> None:
        self._last, self._changed = last, changed
        self.typed = ""
        """What is being typed: digits, or a slash and a part of a field's name."""
        self.said = ""
        """What came of it, for the foot of the screen."""
        self._sought = ""

    def press(self, key: str, at: int) -> int | None:
        """Where a key leads from a step; None if it is not one of these keys."""
        self.said = ""
        if self.typed:
            return self._type(key, at)
        if key == SLASH or (key.isdecimal() and key != "0"):
            self.typed = key
            return at
        if key in (NEXT, PREVIOUS) and self._sought:
            return self._seek(at, 1 if key == NEXT else -1)
        return None

    def _type(self, key: str, at: int) -> int:
        seeks = self.typed.startswith(SLASH)
        if key in ERASE:
            self.typed = self.typed[:-1]
        elif key in ENTER or (key == "G" and not seeks):
            typed, self.typed = self.typed, ""
            if not seeks:
                return min(max(int(typed), 1), self._last)
            self._sought = typed[1:].strip().replace(" ", "_").lower()
            return self._seek(at, 1) if self._sought else at
        elif (seeks and key.isprintable() and len(key) == 1) or key.isdecimal():
            self.typed = (self.typed + key)[:LONGEST]
        else:
            self.typed = ""
        return at

    def _seek(self, at: int, step: int) -> int:
        places = range(at + 1, self._last + 1) if step > 0 else range(at - 1, 0, -1)
        for place in places:
            if any(self._sought in name for name in self._changed(place)):
                return place
        where = "later" if step > 0 else "earlier"
        self.said = f"No {where} step changes {self._sought.replace('_', ' ')!r}."
        return at
