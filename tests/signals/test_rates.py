"""The page on signals says how often they are wrong and how often right, and it is true."""

import re

import numpy as np
import pytest

from tests.docs.markdown import DOCS
from tests.signals.rates import Trial, trials

PAGE = DOCS / "explanation" / "signals.md"
_LINE = re.compile(r"^\| ([\w ]+) \| (.+) \| ([\w ,]+) \| (\d+\.\d{3}) \|$", re.MULTILINE)
ALL = {(each.signal, each.world, each.figure): each for each in trials()}
STATED = {(a, b, c): float(figure) for a, b, c, figure in _LINE.findall(PAGE.read_text("utf-8"))}
STEADY = [
    each
    for each in ALL.values()
    if each.figure in {"series with one", "tables with one", "days a year"}
    and not re.search("remember|wander|good and bad", each.world)
]
"""In these worlds nothing happens, and what is counted does not depend on what was before."""
BOUNDS = {"change points": 0.02, "unusual days": 0.25, "rising": 0.06, "recurring": 0.1}


def name(trial: Trial) -> str:
    return f"{trial.signal}: {trial.world}: {trial.figure}"


def test_the_page_has_every_figure_and_no_other() -> None:
    assert ALL.keys() == STATED.keys()


@pytest.mark.parametrize("trial", STEADY, ids=name)
def test_false_alarms_stay_below_what_is_promised(trial: Trial) -> None:
    assert STATED[trial.signal, trial.world, trial.figure] <= BOUNDS[trial.signal]


@pytest.mark.parametrize("trial", [t for t in STEADY if t.signal != "recurring"], ids=name)
def test_a_few_made_up_histories_raise_hardly_an_alarm(trial: Trial) -> None:
    """So few that a change for the worse shows at once; the rest is for the slow test."""
    assert trial.mean(25, seed=2) <= BOUNDS[trial.signal] + 0.16


@pytest.mark.slow
@pytest.mark.parametrize("trial", ALL.values(), ids=name)
def test_other_histories_give_the_figures_of_the_page(trial: Trial) -> None:
    """From another seed, and within what so many histories can tell (four standard errors)."""
    times = 100
    stated = STATED[trial.signal, trial.world, trial.figure]
    spread = 0.15 if trial.figure.startswith("days held") else np.sqrt(max(stated, 0.01))
    found = trial.mean(times, seed=3)
    assert stated == pytest.approx(found, abs=4 * spread * np.sqrt(1 / times + 1 / 400))
