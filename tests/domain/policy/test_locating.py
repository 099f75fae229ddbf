"""Every key of a document is found on the line on which it stands."""

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.policy.documents import WHOLE
from tocsin.domain.policy import DEFAULT_DOCUMENT
from tocsin.domain.policy.locating import Path, line_of, locate
from tocsin.domain.policy.reading import written


def paths(value: Any, path: Path = ()) -> Iterator[Path]:
    """Every way into a document, as the standard library has read it."""
    inside: Any = ()
    if isinstance(value, dict):
        inside = value.items()
    elif isinstance(value, list):
        inside = enumerate(value)
    for key, each in inside:
        yield (*path, key)
        yield from paths(each, (*path, key))


NAMES = st.text("ab-_1", min_size=1, max_size=3) | st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=3
)
TEXTS = st.text("a\"'\\#[]{},=\n \tß", max_size=8)
LEAVES = st.integers(0, 99) | TEXTS | st.booleans() | st.just(1.5)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
TABLES = st.recursive(
    st.dictionaries(NAMES, VALUES, max_size=3),
    lambda inner: st.dictionaries(
        NAMES, VALUES | inner | st.lists(inner, min_size=1, max_size=3), max_size=3
    ),
    max_leaves=6,
)
ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}


class Scribe:
    """Writes a document in all the ways that TOML has, and notes on which line each key comes."""

    def __init__(self, draw: Any) -> None:
        self._draw = draw
        self.text = ""
        self.lines: dict[Path, int] = {}

    def put(self, text: str) -> None:
        self.text += text

    def note(self, path: Path) -> None:
        self.lines[path] = self.text.count("\n") + 1

    def either(self, *ways: Any) -> Any:
        return self._draw(st.sampled_from(ways))

    def rest(self) -> str:
        return str(self.either("\n", " # [no] table = { 'here' }\n", "\n\n  # ''' \n"))

    def quoted(self, text: str) -> str:
        escaped = "".join(ESCAPES.get(letter, letter) for letter in text)
        ways = [f'"{escaped}"', f'"""{escaped}"""', f'"""\n{escaped}"""']
        if "'" not in text and "\n" not in text:
            ways += [f"'{text}'", f"'''{text}'''", f"'''\n{text}'''"]
        return str(self.either(*ways))

    def name(self, name: str) -> str:
        bare = name and all(letter in "ab-_1" for letter in name)
        escaped = "".join(ESCAPES.get(letter, letter) for letter in name)
        ways = [f'"{escaped}"', *([name] if bare else [])]
        if name == "ß":
            ways.append('"\\u00df"')
        return str(self.either(*ways))

    def table(self, table: dict[str, Any], path: Path, header: str) -> None:
        later: list[tuple[str, Any]] = []
        for name, value in table.items():
            may_wait = isinstance(value, dict) or is_tables(value)
            if may_wait and self.either(True, False):
                later.append((name, value))
            else:
                self.put(self.either("", "  "))
                self.note((*path, name))
                self.put(f"{self.name(name)}{self.either('=', ' = ')}")
                self.value(value, (*path, name), wide=True)
                self.put(self.rest())
        for name, value in later:
            inner = f"{header}.{self.name(name)}" if header else self.name(name)
            self.note((*path, name))
            if isinstance(value, dict):
                self.put(f"[ {inner} ]{self.rest()}")
                self.table(value, (*path, name), inner)
                continue
            for place, each in enumerate(value):
                self.note((*path, name, place))
                self.put(f"[[{inner}]]{self.rest()}")
                self.table(each, (*path, name, place), inner)

    def value(self, value: Any, path: Path, *, wide: bool) -> None:
        if isinstance(value, dict):
            self.put("{ ")
            for number, (name, each) in enumerate(value.items()):
                self.put(", " if number else "")
                self.note((*path, name))
                self.put(f"{self.name(name)} = ")
                self.value(each, (*path, name), wide=False)
            self.put(" }")
        elif isinstance(value, list):
            gap = self.either(" ", "\n  ", "\n # a ] comment\n")
            self.put(f"[{gap}")
            for place, each in enumerate(value):
                self.note((*path, place))
                self.value(each, (*path, place), wide=wide)
                self.put(f",{gap}" if place < len(value) - 1 or self.either(True, False) else gap)
            self.put("]")
        elif isinstance(value, str):
            self.put(self.quoted(value))
        else:
            self.put(str(value).lower())


def is_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(e, dict) for e in value)


@given(table=TABLES, data=st.data())
def test_a_key_is_found_where_it_was_written(table: dict[str, Any], data: st.DataObject) -> None:
    """However it was written: headers, arrays of tables, inline, over several lines, quoted."""
    scribe = Scribe(data.draw)
    scribe.table(table, (), "")
    assert tomllib.loads(scribe.text) == table
    found = locate(scribe.text)
    assert set(paths(table)) <= found.keys()
    # The array of [[tables]] stands where its first one does.
    assert found == {**found, **scribe.lines}


@pytest.mark.parametrize("document", [DEFAULT_DOCUMENT, WHOLE])
def test_nothing_is_found_that_is_not_there(document: str) -> None:
    assert locate(document).keys() == {*paths(tomllib.loads(document))}


def test_dotted_keys_and_headers_on_several_levels_are_followed() -> None:
    text = 'a.b = 1\na . "c d" = 2\n[[x.y]]\nz = 1\n[x.y.w]\nv = 2\n[[x.y]]\n[[x.y.u]]\nt=1\n'
    lines = locate(text)
    assert (lines["a", "b"], lines["a", "c d"]) == (1, 2)
    assert (lines["x", "y"], lines["x", "y", 0, "z"], lines["x", "y", 0, "w", "v"]) == (3, 4, 6)
    assert (lines["x", "y", 1], lines["x", "y", 1, "u", 0, "t"]) == (7, 9)


def test_an_escaped_name_is_the_name_that_it_stands_for() -> None:
    text = '"a\\"b" = 1\n"\\u00e4\\U0001F600" = 2\n"t\\tn" = 3\n'
    assert locate(text).keys() == {(name,) for name in tomllib.loads(text)}


def test_what_is_not_written_down_stands_where_it_would_be() -> None:
    lines = locate("\n[a]\nb = 1\n")
    assert line_of(lines, ("a", "c", 3)) == 2
    assert line_of(lines, ("x",)) == 1


def test_a_way_is_written_as_people_read_it() -> None:
    assert written(("sla", 1, "when", "priority")) == "sla[2].when.priority"
    assert written(("groups", "first line", "level")) == 'groups."first line".level'
    assert written(()) == "the document"
