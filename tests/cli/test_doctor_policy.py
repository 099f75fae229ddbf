"""`tocsin doctor` on the policy in force: do its public holidays reach far enough?"""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from tests.cli.running import Run, examined
from tocsin.cli.examination.check import Check
from tocsin.cli.examination.policy import judge
from tocsin.domain.policy import DEFAULT_DOCUMENT

OFFICE = """
[calendars.{name}]
zone = "Europe/Vienna"
hours = {{ monday-friday = ["09:00-17:00"] }}
holidays = [{holidays}]
"""
AUSTRIA = '{{ country = "AT", from = 2024, to = {} }}'
BAVARIA = '{{ country = "DE", subdivision = "BY", from = 2020, to = {} }}'


def document(*holidays: str, name: str = "office") -> str:
    """The default policy with one more calendar."""
    return DEFAULT_DOCUMENT + OFFICE.format(name=name, holidays=", ".join(holidays))


def judged(text: str, today: str) -> list[Check]:
    return list(judge(7, text, date.fromisoformat(today)))


def test_a_policy_without_public_holidays_has_none_to_run_out() -> None:
    (check,) = judged(DEFAULT_DOCUMENT, "2026-11-22")
    assert ("ok", "none in version 7 of the policy") == (check.level, check.says)


@pytest.mark.parametrize(
    ("today", "level"),
    [("2026-10-01", "ok"), ("2026-10-02", "warn"), ("2026-12-31", "warn"), ("2027-06-01", "warn")],
)
def test_holidays_that_run_out_within_ninety_days_are_named(today: str, level: str) -> None:
    (check,) = judged(document(AUSTRIA.format(2026)), today)
    assert level == check.level


def test_the_warning_names_calendar_place_year_and_the_way_out() -> None:
    (check,) = judged(document(AUSTRIA.format(2026)), "2026-12-31")
    assert "public holidays of office" == check.name
    assert check.says == (
        "those of AT in the calendar office run out with the year 2026 (version 7 of the policy)"
    )
    assert check.do == (
        "Publish a version in which the holidays of `calendars.office` have a later `to`."
    )
    assert "ran out" in judged(document(AUSTRIA.format(2026)), "2027-01-01")[0].says


def test_the_place_whose_holidays_end_first_counts() -> None:
    (check,) = judged(document(AUSTRIA.format(2030), BAVARIA.format(2026)), "2027-01-01")
    assert "those of DE-BY in the calendar office ran out with the year 2026" in check.says


def test_years_of_one_place_may_stand_on_several_lines() -> None:
    longer = document(AUSTRIA.format(2025), AUSTRIA.format(2026), AUSTRIA.format(2031))
    (check,) = judged(longer, "2027-01-01")
    assert check.says == "known to the end of 2031 in version 7 of the policy"


def test_each_calendar_that_runs_out_is_named() -> None:
    both = document(AUSTRIA.format(2026)) + OFFICE.format(
        name="night", holidays=BAVARIA.format(2025)
    )
    assert ["public holidays of night", "public holidays of office"] == [
        check.name for check in judged(both, "2026-12-01")
    ]


def test_the_version_in_force_is_the_one_that_is_examined(run: Run, played: Path) -> None:
    def published(*holidays: str) -> None:
        file = played.parent / "policy.toml"
        file.write_text(document(*holidays))
        assert run("--home", played, "policy", "publish", file, "--note", "A test").exit_code == 0

    assert "none in version 1 of the policy" == examined(played)[1]["public holidays"]["says"]
    published(AUSTRIA.format(2024))
    exit_code, checks = examined(played)
    assert (0, "warn") == (exit_code, checks["public holidays of office"]["level"])
    assert "ran out with the year 2024 (version 2" in checks["public holidays of office"]["says"]
    published(AUSTRIA.format(datetime.now(UTC).year + 2))
    checks = examined(played)[1]
    assert "ok" == checks["public holidays"]["level"]
    assert "public holidays of office" not in checks
