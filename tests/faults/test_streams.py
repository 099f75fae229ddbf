"""Do the trials with JetStream see what goes wrong? Each is shown some of it."""

from collections import Counter

import pytest

from tests.faults.streams import each_once, in_order


@pytest.mark.parametrize(
    ("found", "judged"),
    [
        ([1, 2, 3, 4], (0, 0, 0)),
        ([1, 2, 4], (1, 0, 1)),
        ([1, 2, 3], (1, 0, 0)),
        ([1, 2, 2, 3, 4], (0, 1, 1)),
        ([1, 3, 2, 4], (0, 0, 3)),
    ],
    ids=["all is well", "one is missing", "the last is missing", "one is twice", "two changed"],
)
def test_events_that_are_missing_twice_or_out_of_order_are_seen(
    found: list[int], judged: tuple[int, int, int]
) -> None:
    assert in_order(found, 4) == judged


def test_alarms_that_are_missing_or_twice_are_seen() -> None:
    once = Counter(["a", "b"])
    assert each_once(["a", "b"], ["a"], once, Counter(["a"])) == (0, 0)
    assert each_once(["a", "b", "c"], ["a"], once, Counter(["a"])) == (1, 0)
    assert each_once(["a", "b"], ["a"], once, Counter()) == (1, 0)
    assert each_once(["a", "b"], ["a"], Counter(["a", "b", "b"]), Counter(["a"])) == (0, 1)
