"""What a new policy changes, in words that whoever approves it can read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.policy.documents import MATRIX, WHOLE, changed, policy
from tocsin.domain.policy.difference import Difference, differences, span

BEFORE = policy(WHOLE)
CHANGES = [
    ('goal = "2d"', 'goal = "12h 30m"', 'target "Network": goal was 16h, is 12h 30m'),
    (
        "when = { major = true, priority = [1, 2] }",
        "when = { major = false, priority = [1] }",
        'target "Major": incidents was priority 1, 2, major, is priority 1, not major',
    ),
    ("warn_at = [90, 50]", "", 'target "Major": warnings was 50 %, 90 %, is nothing'),
    (
        'pause = ["awaiting-vendor", "awaiting-caller"]',
        'pause = ["awaiting-vendor"]',
        'target "Network": pause was awaiting-caller, awaiting-vendor, is awaiting-vendor',
    ),
    (
        "low    = { high = 3, medium",
        "low    = { high = 2, medium",
        "priorities: low impact, high urgency was 3, is 2",
    ),
    ('["vpn", "dns"]', '["vpn"]', "categories: network/dns was there, is nothing"),
    ('2 = "Support"', '2 = "Second line"', "levels: 2 was Support, is Second line"),
    ('["ivo", "noor"]', '["ivo"]', "roles: change-manager was ivo, noor, is ivo"),
    ('["cleo"]', '["cleo", "dana"]', 'group "network": members was cleo, is cleo, dana'),
    (
        "to = 2026 }",
        "to = 2027 }",
        'calendar "office": closed on 2027-01-01 was nothing, is New Year',
    ),
    (
        'saturday = ["22:00-06:00"]',
        'saturday = ["22:00-05:00"]',
        'calendar "office": saturday was 22:00-06:00, is 22:00-05:00',
    ),
    (
        'name = "Christmas Eve" }',
        'name = "Christmas Eve" }, { on = 2026-01-01, name = "Hangover" }',
        'calendar "office": closed on 2026-01-01 was New Year, is Hangover and New Year',
    ),
    (
        '"Until noon"',
        '"Until twelve"',
        'calendar "office": open on 2026-12-24, 09:00-12:00 was Until noon, is Until twelve',
    ),
    (
        '"Move"',
        '"Moving"',
        (
            'calendar "office": closed from 2026-07-01T10:00:00+00:00 to 2026-07-01T14:00:00+00:00'
            " was Move, is Moving"
        ),
    ),
    (
        "to_manager = 1",
        "to_manager = 2",
        (
            'escalation "Silence": step 1 was after 10m hierarchical to manager 1,'
            " is after 10m hierarchical to manager 2"
        ),
    ),
    (
        "percent = 50,",
        "percent = 60,",
        (
            'escalation "Half time": step 1 was at 50 % functional to group network,'
            " is at 60 % functional to group network"
        ),
    ),
    (
        "times = 3",
        "times = 4",
        'escalation "Silence": repeat was every 30m, 3 times, is every 30m, 4 times',
    ),
    (
        "managers = true\n",
        "",
        (
            "approvals: high risk from cost 0 was by role change-manager, managers,"
            " is by role change-manager"
        ),
    ),
    (
        'from_cost = 500\ngroups = ["network"]',
        "from_cost = 500",
        "approvals: medium risk from cost 500 was by group network, is by anybody else",
    ),
    ("auto_close_days = 7\n", "", "closing: closed by itself was after 7 days, is never"),
    ("required = true", "required = false", "closing: confirmation required was yes, is no"),
    ("{ major = true }, {", "{", "reviews: major was mandatory, is nothing"),
    (
        'name = "Desk hands over"',
        'name = "Desk passes on"',
        (
            'target "Desk passes on": new, measure group; groups desk; incidents all; goal 4h;'
            " calendar office; start assigned; stop passed-on, resolved"
        ),
    ),
]


def told(document: str) -> list[str]:
    return [str(each) for each in differences(BEFORE, policy(document))]


@pytest.mark.parametrize(("old", "new", "sentence"), CHANGES)
def test_a_change_is_told_in_words(old: str, new: str, sentence: str) -> None:
    assert sentence in told(changed(old, new))


def test_the_same_in_other_words_is_no_difference() -> None:
    assert told(WHOLE.replace('"4h"', '"240m"')) == []


@given(st.lists(st.sampled_from(CHANGES), unique_by=lambda each: each[0], max_size=4))
def test_whatever_means_something_else_is_told_and_nothing_else(
    chosen: list[tuple[str, str, str]],
) -> None:
    """The list is empty exactly when publishing would record nothing."""
    document = WHOLE
    for old, new, _ in chosen:
        document = document.replace(old, new)
    after = policy(document)
    found = differences(BEFORE, after)
    assert bool(found) == (after.compiled != BEFORE.compiled)
    assert found == differences(BEFORE, after)
    assert len(found) == len(differences(after, BEFORE))


def test_what_came_and_what_went_is_told_whole() -> None:
    without = policy(changed("closed = [{", "#", changed("extra = [{", "#")))
    assert without.calendars["office"].extra == ()
    gone = [str(each) for each in differences(BEFORE, policy(MATRIX))]
    assert 'escalation "Slow": gone, was incidents all; trigger elapsed; since reported;' in str(
        gone
    )
    assert 'calendar "office": gone, was zone Europe/Vienna; monday 09:00-17:00;' in str(gone)


def test_many_closed_dates_are_counted() -> None:
    years = policy(changed("to = 2026 }", "to = 2030 }"))
    (office,) = (e for e in differences(policy(MATRIX), years) if e.subject == 'calendar "office"')
    assert office.now is not None
    assert office.now.endswith("; 6 closed dates")


def test_another_order_of_targets_is_told_because_the_first_one_holds() -> None:
    one, two = '[[sla]]\nname = "Major"', '[[sla]]\nname = "Network"'
    first = WHOLE[WHOLE.index(one) : WHOLE.index(two)]
    moved = WHOLE.replace(first, "").replace(
        '[[sla]]\nname = "Response"', f'{first}[[sla]]\nname = "Response"'
    )
    assert told(moved) == ["targets of resolution: order was Major, Network, is Network, Major"]


def test_two_rules_about_the_same_workarounds_are_told_together() -> None:
    twice = changed(
        '[[approvals]]\nrisk = "high"',
        '[[approvals]]\nrisk = "high"\n\n[[approvals]]\nrisk = "high"',
    )
    assert told(twice) == [
        (
            "approvals: high risk from cost 0 was by role change-manager, managers,"
            " is by anybody else and by role change-manager, managers"
        )
    ]


def test_a_group_without_anything_said_is_told_as_such() -> None:
    assert str(Difference(subject="x", now="y")) == "x: new, y"


def test_durations_are_written_as_people_do() -> None:
    assert [span(each) for each in (60, 3_600, 5_400, 259_200, 0)] == [
        *("1m", "1h", "1h 30m", "72h", "0m")
    ]
