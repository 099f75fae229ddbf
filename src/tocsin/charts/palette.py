"""Which series is which: by colour, and again by dash and by shape, for whoever sees fewer colours.

The colours are those of Okabe and Ito ("Color Universal Design", 2008) but for their yellow, which
is not seen on white. A test looks at them as people with protanopia, deuteranopia and tritanopia
do.
"""

from typing import Final, NamedTuple


class Style(NamedTuple):
    """How one series is drawn."""

    colour: str
    dash: tuple[int, ...]
    """Lengths of stroke and gap; none: a full line."""
    shape: str
    """Of its points."""


STYLES: Final = (
    Style("#0072b2", (), "circle"),
    Style("#e69f00", (8, 3), "square"),
    Style("#009e73", (3, 2), "triangle-up"),
    Style("#d55e00", (10, 3, 2, 3), "diamond"),
    Style("#56b4e9", (5, 5), "triangle-down"),
    Style("#cc79a7", (2, 4), "cross"),
)
"""Of the series that are named, the largest first."""
OTHERS: Final = Style("#4d4d4d", (1, 3), "stroke")
"""Of all that are not."""
INK, FAINT, RULE = "#222222", "#5f5f5f", "#dddddd"
"""Text, small print, and the lines of the grid."""
SHADES: Final = "blues"
"""From little to much, in one colour: light and dark are told apart by everybody."""


def styles(names: int, *, others: bool) -> list[Style]:
    """One style for each series, and one for what is left."""
    assert names <= len(STYLES), "more series than can be told apart"
    return [*STYLES[:names], *([OTHERS] if others else [])]
