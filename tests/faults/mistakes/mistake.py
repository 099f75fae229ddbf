"""What a mistake is that is made on purpose."""

from typing import NamedTuple


class Sabotage(NamedTuple):
    """One mistake."""

    name: str
    file: str
    """Within `src`."""
    was: str
    becomes: str
    test: str
    """The test that turns red: a node of pytest within `tests`."""
    also: tuple[tuple[str, str], ...] = ()
    """Other words of the same file, and what they become: the mistake is made in two places."""
