"""Which days are public holidays? Dates that everybody can look up."""

from datetime import date

import pytest

from tocsin.domain.calendar import ClosedDate
from tocsin.policies.holidays import UnknownHolidays, public_holidays


def names(country: str, year: int, subdivision: str | None = None) -> dict[date, str]:
    found = public_holidays(country, range(year, year + 1), subdivision)
    return {day.on: day.name for day in found}


def test_england_has_its_bank_holidays_with_the_day_in_lieu() -> None:
    """Christmas 2021 was a Saturday and Boxing Day a Sunday: Monday and Tuesday were free."""
    found = names("GB", 2021, "ENG")
    assert {date(2021, 1, 1), date(2021, 4, 5), date(2021, 8, 30), date(2021, 12, 25)} < set(found)
    assert {date(2021, 12, 27), date(2021, 12, 28)} < set(found)
    assert found[date(2021, 4, 5)] == "Easter Monday"


def test_a_part_of_a_country_has_days_of_its_own() -> None:
    corpus_christi, epiphany = date(2024, 5, 30), date(2024, 1, 6)
    bavaria, berlin, whole = (names("DE", 2024, part) for part in ("BY", "BE", None))
    assert {corpus_christi, epiphany} < set(bavaria)
    assert {corpus_christi, epiphany}.isdisjoint(berlin)
    assert set(whole) < set(bavaria)
    assert date(2024, 3, 8) in berlin


def test_names_do_not_depend_on_who_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The version that is published must be the same bytes on every machine."""
    asked = [names("FR", 2024)[date(2024, 7, 14)]]
    for language in ("en_US", "uk"):
        monkeypatch.setenv("LANGUAGE", language)
        asked.append(names("FR", 2024)[date(2024, 7, 14)])
    assert asked == ["Fête nationale"] * 3


def test_a_country_whose_list_has_one_language_is_read_in_it() -> None:
    assert names("NZ", 2024)[date(2024, 2, 6)] == "Waitangi Day"


def test_several_years_come_in_order_and_each_day_once() -> None:
    found = public_holidays("US", range(2020, 2031))
    days = [day.on for day in found]
    assert sorted(set(days)) == days
    assert ({2020, 2030}, ClosedDate(date(2020, 1, 1), "New Year's Day")) == (
        {days[0].year, days[-1].year},
        found[0],
    )


@pytest.mark.parametrize(
    ("country", "hint"),
    [
        ("UK", "GB"),
        ("gb", "GB"),
        ("Germany", "DE"),
        ("Germny", "DE"),
        ("USA", "US"),
        ("FRAA", "FR"),
    ],
)
def test_a_slip_in_a_country_is_answered_with_its_letters(country: str, hint: str) -> None:
    with pytest.raises(UnknownHolidays, match=rf"Did you mean .*\b{hint} \(") as refused:
        public_holidays(country, range(2024, 2025))
    assert refused.value.part == "country"


def test_a_country_like_no_other_is_refused_without_a_guess() -> None:
    with pytest.raises(UnknownHolidays, match=r"two letters\.$"):
        public_holidays("¤", range(2024, 2025))


@pytest.mark.parametrize(
    ("country", "subdivision", "hint"),
    [
        ("GB", "England", r"Did you mean ENG\?$"),
        ("DE", "Bayern", r"Did you mean BY\?$"),
        ("US", "Californa", r"Did you mean CA\?$"),
        ("GB", "¤", "It has ENG, NIR, SCT, WLS"),
        ("MC", "x", "leave the subdivision out"),
    ],
)
def test_a_slip_in_a_subdivision_is_answered_with_its_code(
    country: str, subdivision: str, hint: str
) -> None:
    with pytest.raises(UnknownHolidays, match=hint) as refused:
        public_holidays(country, range(2024, 2025), subdivision)
    assert refused.value.part == "subdivision"


@pytest.mark.parametrize(
    "years", [range(0), range(2000, 2101), range(1800, 1801), range(2150, 2151)]
)
def test_years_that_nobody_knows_are_refused_rather_than_free_of_holidays(years: range) -> None:
    with pytest.raises(UnknownHolidays) as refused:
        public_holidays("GB", years)
    assert refused.value.part == "years"
