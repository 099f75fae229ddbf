"""Who sees fewer colours reads the same charts."""

from itertools import combinations

import pytest

from tests.charts.vision import KINDS, distance
from tocsin.charts.palette import OTHERS, STYLES, styles

LEAST = 15.0
"""Six times what can just be noticed."""
ALL = (*STYLES, OTHERS)


@pytest.mark.parametrize("kind", KINDS)
def test_colours_are_told_apart_however_one_sees(kind: str) -> None:
    for one, other in combinations(ALL, 2):
        assert distance(one.colour, other.colour, kind) >= LEAST, (one.colour, other.colour)


def test_red_and_green_of_the_usual_palettes_would_not_be() -> None:
    """What the test above finds: colours that most people tell apart at once."""
    red, green = "#d62728", "#2ca02c"
    assert distance(red, green, "normal") > 100
    assert distance("#8c6d31", "#637939", "deuteranopia") < LEAST


def test_no_two_series_share_a_dash_or_a_shape() -> None:
    """Printed without any colour they still are different lines."""
    assert len({style.dash for style in ALL}) == len(ALL)
    assert len({style.shape for style in ALL}) == len(ALL)


def test_what_is_left_over_has_a_look_of_its_own() -> None:
    assert styles(2, others=True) == [*STYLES[:2], OTHERS]
    assert styles(2, others=False) == [*STYLES[:2]]
    with pytest.raises(AssertionError, match="more series"):
        styles(len(STYLES) + 1, others=False)
