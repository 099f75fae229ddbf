"""On which line of a TOML text does a key stand? The parser of the standard library does not say.

This reads a text that is known to be TOML, and only as far as it takes to follow its keys: tables,
arrays of tables, dotted keys, inline tables and arrays.
"""

import re
from collections.abc import Mapping

Path = tuple[str | int, ...]
"""The way to a value: names, and places in arrays from 0."""

_STRINGS = tuple(
    re.compile(each, re.DOTALL)
    for each in (
        r'"""(?:\\.|[^\\])*?"""+(?!")',
        r"'''.*?'''+(?!')",
        r'"(?:\\.|[^"\\])*"',
        r"'[^']*'",
    )
)
_BLANK = re.compile(r"[ \t\r\n]+|#[^\n]*")
_SPACE = re.compile(r"[ \t]*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_PLAIN = re.compile(r"[^,\]}#\n]*")
_ESCAPE = re.compile(r'\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[btnfr"\\])')
_ESCAPED = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "\\": "\\"}


def locate(text: str) -> dict[Path, int]:
    """The line, from 1, of every key and every element of an array."""
    scan = _Scan(text)
    scan.document()
    return scan.lines


def line_of(lines: Mapping[Path, int], path: Path) -> int:
    """The line of a value, or of the nearest thing around it that is written down."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


class _Scan:
    """One pass over a text."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.lines: dict[Path, int] = {}
        self._sizes: dict[Path, int] = {}
        self._line, self._counted = 1, 0

    def document(self) -> None:
        """Follow all of it."""
        table: Path = ()
        while self._skip_blank():
            if self._takes("[["):
                table = self._header("]]", many=True)
            elif self._takes("["):
                table = self._header("]", many=False)
            else:
                self._pair(table)

    def _header(self, end: str, *, many: bool) -> Path:
        line = self._here()
        names = self._names()
        self._takes(end)
        path: Path = ()
        for place, name in enumerate(names):
            path = (*path, name)
            last = place == len(names) - 1
            self.lines.setdefault(path, line)
            if many and last:
                self._sizes[path] = self._sizes.get(path, 0) + 1
            if path in self._sizes:
                path = (*path, self._sizes[path] - 1)
                self.lines.setdefault(path, line)
        return path

    def _pair(self, table: Path) -> None:
        line, path = self._here(), table
        for name in self._names():
            path = (*path, name)
            self.lines.setdefault(path, line)
        self._takes("=")
        self._value(path)

    def _value(self, path: Path) -> None:
        self._skip_blank()
        if self._takes("["):
            place = 0
            while self._more("]"):
                self.lines.setdefault((*path, place), self._here())
                self._value((*path, place))
                place += 1
        elif self._takes("{"):
            while self._more("}"):
                self._pair(path)
        elif self._string() is None:
            self._match(_PLAIN)

    def _more(self, end: str) -> bool:
        """Whether another element comes before the end."""
        self._skip_blank()
        if self._takes(","):
            self._skip_blank()
        return not self._takes(end) and self.at < len(self.text)

    def _names(self) -> list[str]:
        names = []
        while True:
            self._match(_SPACE)
            quoted = self._string()
            names.append(self._match(_BARE) if quoted is None else quoted)
            self._match(_SPACE)
            if not self._takes("."):
                return names

    def _string(self) -> str | None:
        """A quoted text at this place, without its quotes."""
        for pattern in _STRINGS:
            if found := self._match(pattern):
                quotes = 3 if pattern in _STRINGS[:2] else 1
                inner = found[quotes:-quotes]
                return _ESCAPE.sub(_unescaped, inner) if found[0] == '"' else inner
        return None

    def _here(self) -> int:
        self._line += self.text.count("\n", self._counted, self.at)
        self._counted = self.at
        return self._line

    def _match(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.at)
        if found is None:
            return ""
        self.at = found.end()
        return found.group()

    def _takes(self, mark: str) -> bool:
        taken = self.text.startswith(mark, self.at)
        self.at += len(mark) * taken
        return taken

    def _skip_blank(self) -> bool:
        """Go on to what says something; false at the end."""
        while self._match(_BLANK):
            pass
        return self.at < len(self.text)


def _unescaped(found: re.Match[str]) -> str:
    said = found[1]
    return _ESCAPED.get(said) or chr(int(said[1:], 16))
