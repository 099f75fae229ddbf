"""The compiled form: equal for equal meaning, and readable for ever."""

import json
import pickle

import pytest

from tests.domain.policy.documents import MATRIX, WHOLE, changed, policy
from tocsin.domain.policy.record import Policy, restored

SECOND = policy(WHOLE)


def test_a_policy_comes_back_from_its_compiled_form_as_it_was() -> None:
    again = restored(SECOND.compiled, 7)
    assert again.version == 7
    assert again.compiled == SECOND.compiled
    assert restored(SECOND.compiled, SECOND.version) == SECOND


def test_a_policy_travels_to_another_process() -> None:
    assert pickle.loads(pickle.dumps(SECOND)) == SECOND


def test_the_compiled_form_is_canonical_json() -> None:
    raw = json.loads(SECOND.compiled)
    assert raw["format"] == 1
    assert "version" not in raw
    assert raw["priorities"]["high/low"] == 3
    assert raw["calendars"]["office"]["week"][5] == ["22:00-06:00"]
    assert raw["calendars"]["office"]["closed"][0] == {"name": "New Year", "on": "2026-01-01"}
    assert raw["calendars"]["office"]["closures"][0]["begins"] == "2026-07-01T10:00:00Z"
    tight = json.dumps(raw, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert tight == SECOND.compiled


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('goal = "4h"', 'goal = "240m" # as before'),
        ('members = ["ben", "ann"]', 'members = ["ann", "ben", "ann"]'),
        ("warn_at = [90, 50]", "warn_at = [50, 90]"),
        ('network = ["vpn", "dns"]', "network = { dns = [], vpn = [] }"),
        ('monday-friday = ["09:00-17:00"]', 'monday-friday = ["9:00 - 17:00"]'),
        ("2026-07-01T14:00:00Z", "2026-07-01T16:00:00+02:00"),
        ('groups = ["network"]\n', 'groups = ["network"]\nmanagers = false\n'),
        (
            "{ major = true }, { priority = [1], b",
            "{ priority = [1], breached = true }, { major = true } ] #",
        ),
        ('calendar = "office"\n\n[groups', 'calendar = "office"\n[groups'),
    ],
)
def test_the_same_in_other_words_means_the_same(old: str, new: str) -> None:
    again = policy(changed(old, new))
    assert (again.compiled, again.digest) == (SECOND.compiled, SECOND.digest)


def test_targets_may_stand_between_those_of_another_measure() -> None:
    """Only among those of one measure the order says something."""
    response = '[[sla]]\nname = "Response"\nmeasure = "first-response"\ngoal = "15m"\n'
    moved = changed(response, "").replace("[[sla]]", f"{response}\n[[sla]]", 1)
    assert policy(moved).compiled == SECOND.compiled


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('goal = "4h"', 'goal = "5h"'),
        ("auto_close_days = 7", "auto_close_days = 8"),
        ('managers = ["mia", "noor"]', 'managers = ["noor", "mia"]'),
        ("to = 2026 }", "to = 2027 }"),
    ],
)
def test_another_meaning_is_another_text(old: str, new: str) -> None:
    assert policy(changed(old, new)).digest != SECOND.digest


def test_what_an_older_text_does_not_say_is_as_it_was_meant_then() -> None:
    raw = json.loads(policy(MATRIX).compiled)
    for field in ("auto_close_days", "reviews", "format"):
        del raw[field]
    assert restored(json.dumps(raw), 1) == Policy(priorities=policy(MATRIX).priorities)


def test_a_text_of_a_newer_tocsin_is_not_guessed_at() -> None:
    raw = json.loads(SECOND.compiled)
    with pytest.raises(LookupError, match="reads up to 1"):
        restored(json.dumps({**raw, "format": 2}), 1)


def test_a_text_that_lacks_what_must_be_there_is_refused() -> None:
    raw = json.loads(SECOND.compiled)
    del raw["targets"][0]["goal_seconds"]
    with pytest.raises(ValueError, match="A Target lacks goal_seconds"):
        restored(json.dumps(raw), 1)
