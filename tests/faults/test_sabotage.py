"""Can every mistake that is made on purpose still be made, and is its test still there?"""

import re
from collections import Counter

import pytest

from tests.conftest import ROOT
from tests.faults.mistakes import ALL, Sabotage
from tests.faults.sabotage import NoVerdict, sabotaged

LEAST = 20


def test_there_are_enough_mistakes_each_of_its_own_kind() -> None:
    assert LEAST <= len(ALL)
    assert [name for name, times in Counter(each.name for each in ALL).items() if times > 1] == []


@pytest.mark.parametrize("sabotage", ALL, ids=[each.name.replace(" ", "-") for each in ALL])
def test_a_mistake_can_still_be_made(sabotage: Sabotage) -> None:
    """Its words stand where they stood, once; what comes of it is still Python."""
    source = (ROOT / "src" / sabotage.file).read_text(encoding="utf-8")
    mistaken = sabotaged(source, sabotage)
    assert source != mistaken
    compile(mistaken, sabotage.file, "exec")


@pytest.mark.parametrize("sabotage", ALL, ids=[each.name.replace(" ", "-") for each in ALL])
def test_the_test_of_a_mistake_is_there(sabotage: Sabotage) -> None:
    file, *names = sabotage.test.split("::")
    source = (ROOT / "tests" / file).read_text(encoding="utf-8")
    for name in names:
        assert re.search(rf"(def|class) {name.partition('[')[0]}\b", source), name


def test_words_that_are_not_there_or_twice_are_no_place_for_a_mistake() -> None:
    mistake = Sabotage("x", "y.py", "one", "two", "z.py::test")
    for source in ("nothing", "one and one"):
        with pytest.raises(NoVerdict):
            sabotaged(source, mistake)
    assert sabotaged("one", mistake) == "two"
