"""A document is read whole and strictly: each flaw has its line, its key and the way out."""

import pytest

from tests.domain.policy.documents import MATRIX, WHOLE, changed, policy, read
from tocsin.domain.incident.values import EscalationKind, HoldReason, Impact, Priority, Urgency
from tocsin.domain.policy.document import MAX_CHARACTERS, BadPolicy
from tocsin.domain.policy.rules import Condition, Step
from tocsin.domain.policy.values import Measure, Moment, Trigger

SLA = '\n[[sla]]\nname = "A"\nmeasure = "resolution"\ngoal = "4h"\n'
RULE = '\n[[escalations]]\nname = "E"\n'


def flaws(document: str) -> list[str]:
    with pytest.raises(BadPolicy) as refused:
        read(document)
    return [str(flaw) for flaw in refused.value.flaws]


def test_a_matrix_is_all_that_a_policy_needs() -> None:
    found = policy(MATRIX)
    assert found.priority(Impact.HIGH, Urgency.LOW) is Priority.MODERATE
    assert (found.targets, found.auto_close_days) == ((), None)
    assert [*found.calendars] == ["24x7"]


def test_everything_that_a_document_says_is_in_the_policy() -> None:
    found = policy(WHOLE)
    assert found.categories == (
        *("network", "network/dns", "network/vpn", "software"),
        *("software/line of business", "software/mail", "software/mail/client"),
    )
    assert found.levels == {1: "Desk", 2: "Support"}
    assert found.roles == {"change-manager": ("ivo", "noor")}
    desk = found.groups["desk"]
    assert (desk.level, desk.members, desk.calendar) == (1, ("ann", "ben"), "office")
    assert desk.managers == ("mia", "noor")
    assert (found.confirmation_required, found.auto_close_days) == (True, 7)
    assert found.reviews == (Condition(major=True), Condition(priority=(1,), breached=True))


def test_a_calendar_has_its_holidays_as_dates_beside_its_own_closures() -> None:
    office = policy(WHOLE).calendars["office"]
    assert [f"{each.on} {each.name}" for each in office.closed] == [
        "2026-01-01 New Year",
        "2026-12-24 Christmas Eve",
    ]
    assert [len(day) for day in office.week] == [1, 1, 1, 1, 1, 1, 0]
    assert str(office.week[5][0]) == "22:00-06:00"
    assert [each.name for each in office.extra] == ["Until noon"]
    assert [(e.ends - e.begins).seconds for e in office.closures] == [4 * 3_600]


def test_a_target_has_what_was_said_and_what_goes_without_saying() -> None:
    response, major, network, desk = policy(WHOLE).targets
    assert (major.goal_seconds, major.warn_percent) == (5_400, (50, 90))
    assert major.when == Condition(priority=(1, 2), major=True)
    assert (major.start, major.stop) == (Moment.REPORTED, (Moment.RESOLVED,))
    assert network.goal_seconds == 16 * 3_600, "two days of eight hours"
    assert network.stop == (Moment.MITIGATED, Moment.RESOLVED)
    assert network.pause == (HoldReason.AWAITING_CALLER, HoldReason.AWAITING_VENDOR)
    assert response.stop == (Moment.ACKNOWLEDGED, Moment.RESOLVED)
    assert (desk.measure, desk.groups, desk.start) == (Measure.GROUP, ("desk",), Moment.ASSIGNED)


def test_an_escalation_has_its_steps() -> None:
    half, silence, slow = policy(WHOLE).escalations
    assert (half.trigger, half.target, half.calendar) == (Trigger.TARGET, "Network", None)
    assert half.steps == (Step(percent=50, group="network"), Step(percent=100, level=2))
    assert (silence.repeat_seconds, silence.repeat_times) == (1_800, 3)
    assert [each.kind for each in silence.steps] == [EscalationKind.HIERARCHICAL] * 2
    assert (slow.since, slow.steps[0].after_seconds) == (Moment.REPORTED, 2 * 86_400)
    assert slow.steps[0].kind is EscalationKind.FUNCTIONAL


def test_weekdays_may_be_said_as_a_range_over_the_weekend_and_more_than_once() -> None:
    hours = 'hours = { saturday-monday = ["10:00-12:00"], sunday = ["20:00-22:00"] }'
    old = 'hours = { monday-friday = ["09:00-17:00"], saturday = ["22:00-06:00"] }'
    office = policy(changed(old, hours)).calendars["office"]
    assert [len(day) for day in office.week] == [1, 0, 0, 0, 0, 1, 2]


def test_a_day_of_a_calendar_that_never_closes_has_24_hours() -> None:
    own = '[calendars.own]\nzone = "UTC"\nhours = { monday-sunday = ["00:00-24:00"] }\n'
    document = MATRIX + own + SLA.replace("4h", "2d") + 'calendar = "own"\n'
    assert policy(document).targets[0].goal_seconds == 2 * 86_400


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        # What is no key, with what was probably meant.
        ("[closing]", "[closng]", "line 94, closng: is no key here. Did you mean closing?"),
        ("level = 2\nmembers", "level = 2\nmangers = []\nmembers", "groups.network.mangers"),
        ('name = "Major"', 'nme = "Major"', "line 36, sla[1]: lacks name"),
        ("repeat = { every", "repeat = { evry", "escalations[1].repeat.evry"),
        # The matrix.
        (
            "high   = { high = 1, medium = 2, low = 3 }\n",
            "",
            "line 1, priorities: lacks high: each impact has a line of its own.",
        ),
        ("low    = { high = 3, medium = 4, low = 5 }", "low = 5", "priorities.low: is a table."),
        ("high = 1, medium", "high = 6, medium", "line 2, priorities.high.high: takes a whole nu"),
        ("high = 1, medium", "high = true, medium", "priorities.high.high: takes a whole number"),
        ("high = 1, medium", "medium", "priorities.high: lacks high: it takes a whole number"),
        # Who there is.
        ('network = ["vpn", "dns"]', "network = 4", "line 7, categories.network: takes the list"),
        ('["vpn", "dns"]', '["vpn", 4]', "categories.network: takes the list of its subcat"),
        ('"line of business" = []', '"a/b" = []', 'categories.software."a/b": takes names with'),
        ('1 = "Desk"', '5 = "Desk"', "line 11, levels.5: is no key here. There is 1, 2, 3, 4."),
        ('["ivo", "noor"]', '"ivo"', "roles.change-manager: takes a list of texts"),
        ('["ivo", "noor"]', '["ivo", ""]', "roles.change-manager[2]: takes 1 to 200 printable"),
        ('["ben", "ann"]', '["ben", 3]', "line 19, groups.desk.members[2]: is a text."),
        ("level = 2\nmembers", "level = 3\nmembers", "there is no level 3; under [levels] there"),
        ("level = 2\nmembers", "level = 2.5\nmembers", "level: takes a whole number from 1 to 4"),
        ('"office"\n\n[groups', '"ofice"\n\n[groups', 'no calendar "ofice". Did you mean office?'),
        # Calendars.
        ('"Europe/Vienna"', '"Europe/Wien"', "line 28, calendars.office.zone: "),
        ("saturday =", "saturn =", 'hours: "saturn" is no weekday. Did you mean saturday?'),
        ('["22:00-06:00"]', '["22-6"]', "line 29, calendars.office.hours.saturday[1]: "),
        ('day = "8h"', 'day = "25h"', "line 30, calendars.office.day: takes 24h at most."),
        ('country = "AT"', 'country = "XX"', "calendars.office.holidays[1].country: There is no"),
        ("to = 2026 }", 'to = 2026, subdivision = "X" }', "holidays[1].subdivision: There is no"),
        ("to = 2026 }", "to = 2101 }", "calendars.office.holidays[1].to: There is no such years"),
        ("to = 2026 }", "to = 2025 }", "holidays[1].to: is no year before the first one."),
        ("from = 2026,", "", "line 31, calendars.office.holidays[1]: lacks from"),
        ("on = 2026-12-24, name", 'on = "24.12.", name', "closed[1].on: takes a date without q"),
        ("on = 2026-12-24, name", "on = 2026-12-24T00:00:00, name", "takes a date without a ti"),
        ("on = 2026-12-24, name", "name", "line 32, calendars.office.closed[1]: lacks on"),
        ('"09:00-12:00"', '"9 to 12"', "line 33, calendars.office.extra[1].hours: "),
        ("on = 2026-12-24, hours", "hours", "line 33, calendars.office.extra[1]: lacks on"),
        ("12:00:00+02:00", "12:00:00", "closures[1].begins: takes a time with its zone"),
        ("ends = 2026-07-01T14:00:00Z, ", "", "closures[1]: lacks ends"),
        ("ends = 2026-07-01", "ends = 2026-06-01", "closures[1].ends: Move: a closure ends after"),
        ("[calendars.office]", "[calendars.24x7]", "calendars.24x7: is there already and never"),
        # Targets.
        ('measure = "first-response"', 'measure = "resposne"', 'line 54, sla[3].measure: "respo'),
        ('measure = "first-response"', 'measure = "group"', "for groups there is [[ola]]."),
        ('"Network"\nmeasure', '"Major"\nmeasure', 'sla[2].name: there is another target "Major"'),
        ('goal = "2d"', 'goal = "2 days"', "line 47, sla[2].goal: takes a duration, as in"),
        ('goal = "2d"', 'goal = "0m"', "sla[2].goal: takes a duration, as in"),
        ('goal = "2d"', "goal = 2", "sla[2].goal: takes a duration, as in"),
        ('day = "8h"\n', "", "sla[2].goal: counts days, and its calendar does not say how long"),
        ("[90, 50]", "[90, 100]", "warn_at: takes a list of whole numbers from 1 to 99."),
        ('category = ["network"]', 'category = ["netwrk"]', "Did you mean network?"),
        ('"awaiting-vendor", ', '"awaiting-wendor", ', "Did you mean awaiting-vendor?"),
        ('["mitigated", "resolved"]', "[]", "sla[2].stop: names at least one thing that stops"),
        ('["mitigated", "resolved"]', '["reported"]', "stop: reported starts this clock"),
        ('groups = ["desk"]\n', "", "line 57, ola[1]: lacks groups: it names at least one."),
        ('groups = ["desk"]', 'groups = ["dsk"]', 'ola[1].groups: there is no group "dsk". Did'),
        ("major = true, priority", 'major = "yes", priority', "when.major: takes true or false."),
        ("[1, 2] }\ngoal", "[0, 2] }\ngoal", "when.priority: takes a list of whole numbers"),
        # Escalations.
        ('trigger = "target"', 'trigger = "targte"', 'escalations[2].trigger: "targte" is none'),
        ('target = "Network"\n', "", "escalations[2]: lacks target: the name of the target"),
        ('target = "Network"\n', 'target = "Netwrok"\n', 'no target "Netwrok". Did you mean Net'),
        ('since = "reported"', 'target = "Major"', "target: says nothing about elapsed: leave it"),
        ("percent = 50,", 'after = "1h", percent = 50,', "after: says nothing about target: say p"),
        ("percent = 50, ", "", "escalations[2].steps[1]: lacks percent"),
        ('after = "2d", ', "", "escalations[3].steps[1]: lacks after"),
        (', to_group = "network"', "", "steps[1]: names exactly one of to_level, to_group"),
        ('to_group = "network"', 'to_group = "netwrk"', "Did you mean network?"),
        ("percent = 100, to_level = 2", "percent = 100, to_level = 3", "there is no level 3 und"),
        ("percent = 100", "percent = 40", "steps[2]: comes later than the step before it."),
        ('steps = [{ after = "2d", to_level = 2 }]', "", "escalations[3]: lacks steps, as in"),
        ('name = "Slow"', 'name = "Silence"', "there is another escalation"),
        # The rest.
        ('risk = "medium"', 'risk = "middling"', "approvals[2].risk"),
        ('roles = ["change-manager"]', 'roles = ["manager"]', 'there is no role "manager".'),
        ("from_cost = 500", "from_cost = -1", "from_cost: takes a whole number from 0 to 1,0"),
        ("auto_close_days = 7", "auto_close_days = 0", "closing.auto_close_days: takes a whole"),
        ("mandatory = [", "mandatory = true #", "reviews.mandatory: takes tables, each under"),
    ],
)
def test_what_cannot_be_is_told_with_its_line_and_the_way_out(
    old: str, new: str, told: str
) -> None:
    found = flaws(changed(old, new))
    assert any(told in flaw for flaw in found), found


def test_all_flaws_are_told_at_once_in_the_order_of_the_lines() -> None:
    document = changed("high = 1, medium", "high = 7, medium")
    document = changed('goal = "2d"', 'goal = "soon"', document)
    document = changed("auto_close_days = 7", "auto_close_day = 7", document)
    assert [flaw.split(":")[0] for flaw in flaws(document)] == [
        "line 2, priorities.high.high",
        "line 47, sla[2].goal",
        "line 96, closing.auto_close_day",
    ]


def test_a_name_that_is_wrong_does_not_make_what_names_it_wrong_as_well() -> None:
    """One cause, one flaw: here groups and targets name the calendar."""
    found = flaws(changed('"Europe/Vienna"', '"Europe/Wien"'))
    assert len(found) == 1


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ("[priorities", "line 1, TOML: "),
        (MATRIX + "a = \n", "line 5, TOML: Invalid value."),
        (MATRIX + 'a = "', "line 5, TOML: Unterminated string."),
        (MATRIX + "[priorities]\n", "line 5, TOML: Cannot declare"),
        ("", "line 1, the document: lacks [priorities]"),
        ("priorities = 3", "line 1, priorities: is a table."),
        (MATRIX + "groups = 3", "line 5, priorities.groups: is no key"),
        ("a = 1\n# \x1b[31m\n", "line 2, the document: holds a character that cannot be printed"),
        ("#" * (MAX_CHARACTERS + 1), "takes 200,000 characters at most."),
        ("a = " + "[" * 20_000, "the document: cannot be read: RecursionError."),
        ("a = " + "9" * 20_000, "the document: cannot be read: ValueError."),
        ("a = 9999-99-99\n", "line 1, TOML"),
    ],
)
def test_what_is_no_toml_or_no_policy_at_all_is_told(document: str, told: str) -> None:
    assert told in flaws(document)[0]


@pytest.mark.parametrize("section", ["groups", "calendars", "roles", "categories", "sla", "levels"])
def test_a_section_of_another_shape_is_told_once(section: str) -> None:
    found = flaws(f"{section} = 3\n{MATRIX}")
    assert len(found) == 1
    assert found[0].startswith(f"line 1, {section}: ")


def test_hours_of_another_shape_and_no_hours_are_told() -> None:
    calendar = '[calendars.a]\nzone = "UTC"\n'
    assert "calendars.a.hours: takes a table" in flaws(f"{MATRIX}{calendar}hours = 3\n")[0]
    assert "calendars.a: lacks hours" in flaws(MATRIX + calendar)[0]
    never = flaws(f"{MATRIX}{calendar}hours = {{ monday = [] }}\n")
    assert "calendars.a.hours: a is never open" in never[0]


def test_lists_have_a_limit() -> None:
    many = ", ".join(f'"{n}"' for n in range(1_001))
    assert "takes 1000 entries at most" in flaws(changed('["ivo", "noor"]', f"[{many}]"))[0]
    names = "".join(f'"{n}" = []\n' for n in range(1_001))
    assert "takes 1000 entries" in flaws(f"{MATRIX}[categories]\n{names}")[0]


def test_years_of_holidays_have_a_limit() -> None:
    each = '{ country = "AT", from = 2000, to = 2099 }'
    found = flaws(changed('{ country = "AT", from = 2026, to = 2026 }', f"{each}, " * 11))
    assert "holidays[11].to: is more than 1,000 years of holidays in all" in found[0]


def test_names_are_short_and_categories_not_too_deep() -> None:
    assert "takes names of 1 to 200" in flaws(f'{MATRIX}[roles]\n"" = []\n')[0]
    deep = "[categories]\na = { b = { c = { d = { e = { f = [] } } } } }\n"
    assert "takes the list of its subcategories" in flaws(MATRIX + deep)[0]
    assert "a/b/c/d/e" in policy(MATRIX + deep.replace("{ f = [] }", "[]")).categories


def test_many_names_are_not_all_listed() -> None:
    roles = "".join(f"{letter * 9} = []\n" for letter in "abcdefghijklmn")
    document = f'{MATRIX}[roles]\n{roles}[[approvals]]\nrisk = "low"\nroles = ["1"]\n'
    assert "lllllllll and 2 more." in flaws(document)[0]
    assert "There is none yet." in flaws(document.replace(f"[roles]\n{roles}", ""))[0]


def warned(document: str) -> list[str]:
    return [str(warning) for warning in read(document).warnings]


def test_a_whole_policy_gives_no_warnings() -> None:
    assert warned(WHOLE) == []


def test_a_target_that_an_earlier_one_shadows_is_warned_of() -> None:
    """It would never hold, and nobody would notice."""
    first = 'when = { category = ["network"], service = ["vpn"] }'
    (warning,) = warned(changed("when = { major = true, priority = [1, 2] }", ""))
    assert warning.startswith('line 46, sla[2].when: it never holds: "Major" stands before it')
    assert warned(changed(first, 'when = { category = ["network/vpn"] }')) == []


def test_targets_of_other_groups_shadow_nothing() -> None:
    ola = '\n[[ola]]\nname = "B"\ngroups = ["network"]\ngoal = "1h"\n'
    assert warned(WHOLE + ola) == []
    assert len(warned(WHOLE + ola.replace("network", "desk"))) == 1


def test_what_works_and_is_probably_not_meant_is_warned_of() -> None:
    tenant = warned(changed("when = { major = true, ", 'when = { tenant = ["x"], major = true, '))
    assert "incidents name no tenant yet" in tenant[0]
    empty = warned(changed('members = ["cleo"]\n', ""))
    assert "groups.network.members: nobody is in it" in empty[0]
    nobody = warned(changed("to_manager = 1", "to_manager = 3"))
    assert "no group has a manager 3 steps up its line" in nobody[0]


def test_a_document_with_flaws_keeps_its_warnings() -> None:
    document = changed('members = ["cleo"]\n', "", changed('goal = "2d"', 'goal = "2"'))
    with pytest.raises(BadPolicy, match=r"sla\[2\].goal") as refused:
        read(document)
    assert len(refused.value.warnings) == 1
