"""Why something stands as it does: every value with the event that set it, and what it was before.

In the order in which it was recorded: who answers for a value is who wrote it down.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from tocsin.domain.kernel import Aggregate, Recorded
from tocsin.past.differing import difference, values


class Setting(NamedTuple):
    """A value, and the event that set it."""

    value: Any
    by: Recorded[Any]


class Reason(NamedTuple):
    """One value of a state."""

    field: str
    """Its path, as differences name it."""
    value: Any
    settings: tuple[Setting, ...]
    """How it came to be so, the latest first; none where nobody ever said anything of it."""


class NoSuchValue(LookupError):
    """The state has no value of that name."""

    def __init__(self, field: str, known: Iterable[str]) -> None:
        self.reason = f"is none of its values: {', '.join(sorted(known))}"
        super().__init__(f"{field} {self.reason}.")
        self.field = field


def why(
    aggregate: Aggregate[Any], history: Iterable[Recorded[Any]], field: str | None = None
) -> list[Reason]:
    """The reasons of every value that an event has set; or of one field, with all of its parts.

    Raises:
        NoSuchValue: there is no such field.
    """
    state: Any = None
    found: dict[str, list[Setting]] = {}
    for recorded in history:
        before = state if state is not None else aggregate.initial(recorded.stream)
        state = aggregate.evolve(before, recorded)
        for change in difference(before, state):
            found.setdefault(change.field, []).append(Setting(change.now, recorded))
    known = values(state)
    reasons = [
        Reason(path, value, tuple(reversed(found.get(path, ())))) for path, value in known.items()
    ]
    if field is None:
        return [each for each in reasons if each.settings]
    chosen = [each for each in reasons if f"{each.field}.".startswith(f"{field}.")]
    if not chosen and field not in vars(state):
        raise NoSuchValue(field, known)
    return chosen
