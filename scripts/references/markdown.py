"""Markdown, and Python types in the words of somebody who writes JSON."""

import ast
import inspect
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import MISSING, Field
from datetime import datetime
from enum import Enum, IntEnum, StrEnum
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin
from uuid import UUID

from annotated_types import Ge, Interval, Le, Len

from tocsin.domain.incident import values

PLAIN = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    datetime: "time",
    UUID: "UUID",
    dict[str, str]: "texts by name",
}


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table, or nothing where it would have no rows."""
    lines = [f"| {' | '.join(cell(each) for each in row)} |" for row in rows]
    if not lines:
        return ""
    return "\n".join([f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}", *lines]) + "\n"


def cell(text: str) -> str:
    """A text that fits between two bars."""
    return " ".join(text.split()).replace("|", "\\|")


def codes(words: Iterable[object]) -> str:
    """Words as code, in one line."""
    return ", ".join(f"`{word}`" for word in words)


def doc(thing: Any) -> str:
    """The whole docstring, without its indentation."""
    return inspect.getdoc(thing) or ""


def sentence(thing: Any) -> str:
    """The first line of a docstring."""
    return doc(thing).partition("\n")[0]


def anchor(heading: str) -> str:
    """How a page names a heading in its address."""
    kept = "".join(c for c in heading.lower() if c.isalnum() or c in " -_")
    return kept.replace(" ", "-")


def kind(hint: Any) -> str:
    """A type with its limits, in words."""
    limits: list[Any] = []
    if get_origin(hint) is Annotated:
        hint, *limits = get_args(hint)
    if get_origin(hint) in (Union, UnionType):
        words = " or ".join(kind(each) for each in get_args(hint) if each is not NoneType)
    elif get_origin(hint) in (tuple, list):
        return f"list{_limited(limits, 'entries')}: each {kind(get_args(hint)[0])}"
    elif isinstance(hint, type) and issubclass(hint, StrEnum | IntEnum):
        words = f"[{hint.__name__}](values.md#{anchor(hint.__name__)})"
        if hint.__module__ != values.__name__:
            words = "one of " + codes(member.value for member in hint)
    else:
        words = PLAIN[hint]
    return words + _limited(limits, "characters")


def _limited(limits: list[Any], unit: str) -> str:
    for limit in limits:
        if isinstance(limit, Len):
            least = f"{limit.min_length} to" if limit.min_length else "up to"
            return f" of {least} {limit.max_length:,} {unit}"
    first = next((each.ge for each in limits if isinstance(each, Ge | Interval)), None)
    last = next((each.le for each in limits if isinstance(each, Le | Interval)), None)
    return "" if first is None else f" from {first} to {last:,}"


def default(field: Field[Any]) -> str:
    """What a field is when nobody says."""
    if field.default is MISSING:
        return "" if field.default_factory is not MISSING else "required"
    if field.default is None:
        return ""
    value = field.default
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, Enum):
        return f"`{value.value}`"
    return "" if value in ("", ()) else f"`{value}`"


def notes(owner: type[Any]) -> dict[str, str]:
    """What the source says of the fields of a class: in the line below, or at its end."""
    source = textwrap.dedent(inspect.getsource(owner))
    (definition,) = ast.parse(source).body
    assert isinstance(definition, ast.ClassDef)
    lines, found = source.splitlines(), {}
    for field, below in zip(definition.body, [*definition.body[1:], None], strict=True):
        if not isinstance(field, ast.AnnAssign) or not isinstance(field.target, ast.Name):
            continue
        said = lines[(field.end_lineno or field.lineno) - 1][field.end_col_offset :]
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            said = inspect.cleandoc(str(below.value.value))
        found[field.target.id] = said.strip().removeprefix("#").strip()
    return found
