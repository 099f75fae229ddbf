"""Reading who there is: the matrix, categories, support levels, roles and groups."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from tocsin.domain.calendar import Calendar
from tocsin.domain.incident.values import Impact, Priority, Urgency
from tocsin.domain.policy import keys
from tocsin.domain.policy.reading import NAME_LENGTH, Table, nearest
from tocsin.domain.policy.rules import Group

LEVELS = (1, 4)
"""Of support: 1 is the service desk, 4 the vendor."""
CATEGORY_DEPTH = 5
Matrix = dict[tuple[Impact, Urgency], Priority]


@dataclass
class Known:
    """What the rest of a document may name."""

    categories: tuple[str, ...] = ()
    levels: dict[int, str] = field(default_factory=dict)
    roles: dict[str, tuple[str, ...]] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    calendars: dict[str, Calendar] = field(default_factory=dict)
    day_seconds: dict[str, int | None] = field(default_factory=dict)
    """How long a day of each calendar is."""

    def check(self, table: Table, key: str, what: str, *names: str) -> None:
        """Say which of the names under a key are not there."""
        there = {
            "calendar": self.calendars,
            "category": self.categories,
            "group": self.groups,
            "role": self.roles,
        }[what]
        for name in filter(None, names):
            if name not in there:
                table.flaw(key, f'there is no {what} "{name}". {nearest(name, there)}')


def matrix(document: Table) -> Matrix:
    """Read the priority of every pair of impact and urgency."""
    found: Matrix = {}
    if "priorities" not in document:
        document.flaw(
            None,
            "lacks [priorities]: a line for each impact, as in"
            " high = { high = 1, medium = 2, low = 3 }.",
        )
        return found
    rows = document.table("priorities", {each.value: "" for each in Impact})
    for impact, urgency in product(Impact, Urgency):
        if impact.value not in rows:
            if urgency is Urgency.HIGH:
                rows.flaw(None, f"lacks {impact}: each impact has a line of its own.")
            continue
        row = rows.table(impact.value, {each.value: "" for each in Urgency})
        priority = row.whole(urgency.value, 1, len(Priority))
        if priority:
            found[impact, urgency] = Priority(priority)
    return found


def categories(document: Table) -> tuple[str, ...]:
    """Read the tree of categories as the path of each."""
    return tuple(sorted({*_branches(document, "", document.entries("categories"))}))


def _branches(table: Table, above: str, entries: Any, *place: str) -> Iterator[str]:
    for name, below in entries:
        path = f"{above}{name}"
        if "/" in name:
            table.flaw("categories", "takes names without a slash.", *place, name)
            continue
        yield path
        if isinstance(below, dict) and len(place) < CATEGORY_DEPTH - 1:
            yield from _branches(table, f"{path}/", below.items(), *place, name)
        elif isinstance(below, list) and all(map(_is_leaf, below)):
            yield from (f"{path}/{leaf}" for leaf in below)
        else:
            table.flaw(
                "categories",
                'takes the list of its subcategories, as in ["vpn", "dns"]; an empty one is [].',
                *place,
                name,
            )


def _is_leaf(name: Any) -> bool:
    return isinstance(name, str) and 0 < len(name) <= NAME_LENGTH and "/" not in name


def levels(document: Table) -> dict[int, str]:
    """Read the support levels."""
    numbers = {str(number): "" for number in range(LEVELS[0], LEVELS[1] + 1)}
    table = document.table("levels", numbers)
    return {int(number): table.text(number) for number in numbers if number in table}


def roles(document: Table) -> dict[str, tuple[str, ...]]:
    """Read who has which role."""
    names = [name for name, _ in document.entries("roles")]
    if not names:
        return {}
    table = document.table("roles", dict.fromkeys(names, ""))
    return {name: table.texts(name) for name in names}


def groups(document: Table, known: Known) -> dict[str, Group]:
    """Read the groups; levels and calendars are known by then."""
    found = {}
    for name, table in document.named("groups", keys.GROUP):
        level = table.whole("level", *LEVELS)
        if level is not None and level not in known.levels:
            there = ", ".join(map(str, known.levels)) or "none yet"
            table.flaw("level", f"there is no level {level}; under [levels] there is {there}.")
        calendar = table.text("calendar", "24x7")
        known.check(table, "calendar", "calendar", calendar)
        found[name] = Group(
            name=name,
            level=level or LEVELS[0],
            members=tuple(sorted(table.texts("members"))),
            managers=table.texts("managers"),
            calendar=calendar,
        )
        if not found[name].members:
            table.warn("members", "nobody is in it: whatever goes to it waits for nobody.")
    return found
