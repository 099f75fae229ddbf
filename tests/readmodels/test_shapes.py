"""Is a row in the table what the fold returned, and is a module that cannot work refused?"""

import dataclasses
from datetime import UTC, datetime, timedelta
from enum import IntEnum, StrEnum
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert
from sqlalchemy.schema import CreateTable

from tests.readmodels import counting, spells
from tests.readmodels.conftest import Model, follow, made
from tests.readmodels.streams import LOGGED, REPORTED, Memory, stream, told
from tocsin.domain.incident.events import IncidentCancelled, IncidentLogged, IncidentReported
from tocsin.domain.kernel import Recorded
from tocsin.readmodels import Indexed, Key, Projection, each_event, found, row
from tocsin.readmodels.codec import Codec
from tocsin.readmodels.database import Database
from tocsin.readmodels.projection import Misshapen
from tocsin.readmodels.rows import RowStore
from tocsin.readmodels.shape import Shape


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"


class Size(IntEnum):
    SMALL = 1
    LARGE = 2


@row
class Everything:
    """A row with every type that a column can have."""

    first: Key[UUID]
    second: Key[str]
    flag: bool | None = None
    number: int | None = None
    text: Indexed[str | None] = None
    moment: datetime | None = None
    other: UUID | None = None
    colour: Colour | None = None
    size: Size | None = None
    names: tuple[str, ...] | None = None
    facts: dict[str, str] | None = None
    numbers: dict[str, int] | None = None
    entries: list[list[Any]] | None = None
    octets: bytes | None = None

    INDEXES: ClassVar = (("flag", "moment"),)


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
WHOLES = st.integers(-(2**63), 2**63 - 1)
ROWS = st.builds(
    Everything,
    first=st.uuids(),
    second=TEXTS,
    flag=st.none() | st.booleans(),
    number=st.none() | WHOLES,
    text=st.none() | TEXTS,
    moment=st.none() | st.datetimes(timezones=st.just(UTC)),
    other=st.none() | st.uuids(),
    colour=st.none() | st.sampled_from(Colour),
    size=st.none() | st.sampled_from(Size),
    names=st.none() | st.lists(TEXTS).map(tuple),
    facts=st.none() | st.dictionaries(TEXTS, TEXTS),
    numbers=st.none() | st.dictionaries(TEXTS, WHOLES),
    entries=st.none() | st.lists(st.lists(st.none() | TEXTS | WHOLES, max_size=3), max_size=3),
    octets=st.none() | st.binary(max_size=8),
)
SHAPE = Shape.of(Everything)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROWS, max_size=5, unique_by=lambda each: (each.first, each.second)))
def test_rows_come_back_as_they_went(database: Database, rows: list[Everything]) -> None:
    """By the quick way in and out, and by the one that queries use; changed and removed, too."""
    store = RowStore(database, SHAPE, "everything")
    keys = [(each.first, each.second) for each in rows]
    with database.migrating() as connection:
        connection.execute(CreateTable(store.table, if_not_exists=True))
    with database.writing() as connection:
        store.write(connection, rows, [], new=True)
        assert dict(zip(keys, rows, strict=True)) == store.load(connection, keys)
        assert sorted(rows, key=lambda x: (x.first, x.second)) == list(store.in_order(connection))
        changed = [dataclasses.replace(each, number=7, text=None) for each in rows]
        store.write(connection, changed, [], new=False)
        assert dict(zip(keys, changed, strict=True)) == store.load(connection, keys)
        store.write(connection, [], keys, new=False)
        assert store.load(connection, keys) == {}


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(each=ROWS)
def test_the_quick_encoding_is_that_of_the_sql_types(database: Database, each: Any) -> None:
    """What SQLAlchemy would bind is what the driver is handed."""
    dialect = database.engine.dialect
    (quick,) = Codec(SHAPE, dialect).encode([each])
    compiled = insert(SHAPE.table("everything")).values(vars(each)).compile(dialect=dialect)
    processors: Any = compiled._bind_processors
    slow = {
        name: processors[name](value) if name in processors else value
        for name, value in compiled.params.items()
    }
    assert [slow[name] for name in SHAPE.names] == list(quick)


def test_a_row_is_frozen_and_says_which_fields_are_wrong() -> None:
    """It is made by a shorter way than other dataclasses, and is as strict."""
    made_one = Everything(first=UUID(int=1), second="x")
    with pytest.raises(dataclasses.FrozenInstanceError):
        made_one.text = "y"  # type: ignore[misc]
    with pytest.raises(TypeError, match="second"):
        Everything(first=UUID(int=1))  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="third"):
        Everything(first=UUID(int=1), second="x", third=1)  # type: ignore[call-arg]
    assert Everything(first=UUID(int=1), second="x") == made_one


def test_a_moment_keeps_its_microseconds_and_its_place(database: Database) -> None:
    """Before 1970 and far ahead, exactly: a float of seconds would lose some."""
    moments = [datetime(1066, 10, 14, 9, 0, 0, 1, UTC), datetime(9999, 12, 31, tzinfo=UTC)]
    codec = Codec(SHAPE, database.engine.dialect)
    at = SHAPE.names.index("moment")
    for moment in moments:
        each = Everything(first=UUID(int=1), second="x", moment=moment)
        (values,) = codec.encode([each])
        assert (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) == values[
            at
        ]
        assert moment == codec.decode(values).moment


@dataclasses.dataclass(frozen=True)
class Keyless:
    name: str


@dataclasses.dataclass(frozen=True)
class OctetsByKey:
    name: Key[bytes]


@dataclasses.dataclass(frozen=True)
class Float:
    name: Key[str]
    amount: float


@dataclasses.dataclass(frozen=True)
class Either:
    name: Key[str]
    amount: int | str


def unannotated(row: Any, recorded: Recorded[int]) -> Any:  # type: ignore[type-var, unused-ignore]
    return row


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ({"Row": Keyless}, "declares no Key"),
        ({"Row": Float}, "amount: a column cannot hold <class 'float'>"),
        ({"Row": Either}, "amount: a column holds one type"),
        ({"Row": Colour}, "is not a dataclass"),
        ({"Row": None}, "has no Row"),
        ({"VERSION": None}, "has no VERSION"),
        ({"fold": None}, "has no fold"),
        ({"fold": unannotated}, "must be annotated with Recorded"),
    ],
)
def test_a_module_that_cannot_work_is_refused_with_the_reason(
    parts: dict[str, Any], why: str
) -> None:
    with pytest.raises(Misshapen, match=why):
        made("broken", **parts)


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ({"rows": None}, r"it has a State, so it needs rows\(state\)"),
        ({"State": Keyless}, "Keyless declares no Key"),
        ({"State": OctetsByKey}, "name: bytes can be neither Key nor Indexed"),
        ({"keys": each_event}, "a row of each event has no State"),
        ({"CONTEXT": None}, "a CONTEXT and a fold or rows"),
        ({"fold": counting.fold, "rows": list}, "a CONTEXT and a fold or rows"),
        ({"CONTEXT": Keyless}, "a CONTEXT is a class with the UUID"),
    ],
)
def test_a_module_with_a_state_or_a_context_must_be_whole(parts: dict[str, Any], why: str) -> None:
    with pytest.raises(Misshapen, match=why):
        made("broken", spells, **parts)


@pytest.mark.parametrize("name", ["Upper", "with-dash", "x" * 41])
def test_a_name_that_no_table_can_have_is_refused(name: str) -> None:
    with pytest.raises(Misshapen, match="short name"):
        made(name)


def test_a_projection_without_a_question_is_refused() -> None:
    module = ModuleType("silent", None)
    module.__dict__.update(VERSION=1, Row=counting.Row, fold=counting.fold)
    with pytest.raises(Misshapen, match="__doc__"):
        Projection.of(module)


def test_projections_are_found_because_they_are_there(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file dropped into the package is found; two questions at one path are refused."""
    home = tmp_path / "dropped"
    home.mkdir()
    (home / "__init__.py").write_text("")
    source = Path(str(counting.__file__)).read_text(encoding="utf-8")
    (home / "one.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    (one,) = found("dropped")
    assert (one.name, one.version, one.queries[0].path) == ("one", 1, "/counts")
    assert one.doc.startswith("How many events")
    (home / "two.py").write_text(source)
    with pytest.raises(Misshapen, match="path /counts"):
        found("dropped")


@row
class PerReference:
    """A row that is not keyed by incident, of several columns of key."""

    letter: Key[str]
    kind: Key[str]
    count: int = 0


def fold_letters(
    row: PerReference | None,
    recorded: Recorded[IncidentLogged | IncidentReported],
    key: tuple[str, str],
) -> PerReference:
    letter, kind = key
    old = row or PerReference(letter=letter, kind=kind)
    return dataclasses.replace(old, count=old.count + 1)


def letters(recorded: Recorded[Any]) -> list[tuple[str, str]]:
    text = getattr(recorded.event, "reference", None) or recorded.event.title
    return [(letter, recorded.event.event_name) for letter in sorted(set(text))]


def test_an_event_can_touch_several_rows_that_no_incident_owns(database: Database) -> None:
    """A projection says which rows, and is told which of them it folds; what its fold is not
    annotated with never reaches it."""
    projection = made("letters", Row=PerReference, fold=fold_letters, keys=letters)
    log = Memory(
        told((1, REPORTED), (2, REPORTED), (1, LOGGED), (1, IncidentLogged(reference="I")))
    )
    log.add(told(*[(3, REPORTED)] * 4, (1, IncidentCancelled(reason="-")))[4:])
    model = Model(database, projection)
    follow(log, database, projection)
    counts = {(each.letter, each.kind): each.count for each in model.rows()}
    assert 2 == counts["M", "incident.reported"] == counts["I", "incident.logged"]
    assert counts["1", "incident.logged"] == 1
    assert ("M", "incident.logged") not in counts
    assert model.live.position == 5
    assert stream(1) != stream(2)
