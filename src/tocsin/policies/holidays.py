"""Which days are public holidays, by law, in a country or a part of it? Looked up once.

The answer is frozen into the version of the policy that asked: laws change, and so does the library
that knows them, but a verdict of the past must not.
"""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING

from tocsin.domain.calendar import ClosedDate

if TYPE_CHECKING:
    from holidays import HolidayBase

LONGEST_RANGE = 100
"""Years that may be frozen at once. Many holidays follow the moon, and are guesses by then."""


class UnknownHolidays(ValueError):
    """Nobody knows the holidays of such a place or year. `part` names the one that is wrong."""

    def __init__(self, reason: str, part: str) -> None:
        super().__init__(reason)
        self.part = part


def public_holidays(
    country: str, years: range, subdivision: str | None = None
) -> tuple[ClosedDate, ...]:
    """The public holidays of a country (ISO 3166-1, two letters) in these years, by date.

    With a subdivision (ISO 3166-2 without the country: `ENG` of `GB`, `BY` of `DE`) those of that
    part; without one, those of the whole country only. Days given in lieu are among them. Names
    are in the language of the country's own list, on every machine.

    Raises:
        UnknownHolidays: there is no such country, subdivision or year, or there are too many years.
    """
    # The library is large, and needed by who makes a policy only: no start waits for it.
    from holidays import country_holidays

    listed = _listed(country)
    if subdivision is not None and subdivision not in listed.subdivisions:
        raise UnknownHolidays(_no_subdivision(listed, country, subdivision), "subdivision")
    if not 0 < len(years) <= LONGEST_RANGE:
        raise UnknownHolidays(f"Name 1 to {LONGEST_RANGE} years of holidays.", "years")
    if not listed.start_year <= min(years) <= max(years) <= listed.end_year:
        reason = f"The holidays of {country} are known {listed.start_year} to {listed.end_year}."
        raise UnknownHolidays(reason, "years")
    own = listed.default_language
    found = country_holidays(
        country,
        subdiv=subdivision,
        years=years,
        # Left out, it would be the language of whoever runs this.
        language=own if own in listed.supported_languages else None,
    )
    return tuple(ClosedDate(on, found[on]) for on in sorted(found))


def _listed(country: str) -> "HolidayBase":
    from holidays import country_holidays
    from holidays.registry import COUNTRIES

    codes = {code: module.replace("_", " ").title() for module, (_, code, *_) in COUNTRIES.items()}
    if country not in codes:
        aliases = {alias: code for _, code, *more in COUNTRIES.values() for alias in (code, *more)}
        meant = _meant(country, aliases | {name: code for code, name in codes.items()})
        hint = " or ".join(f"{code} ({codes[code]})" for code in meant)
        raise UnknownHolidays(
            f'"{country}" is no country whose holidays are known; it takes its two letters.'
            + (f" Did you mean {hint}?" if hint else ""),
            "country",
        )
    return country_holidays(country)


def _no_subdivision(listed: "HolidayBase", country: str, subdivision: str) -> str:
    if not listed.subdivisions:
        return f"{country} has the same holidays everywhere: leave the subdivision out."
    codes = {code: code for code in listed.subdivisions}
    names: Mapping[str, str] = listed.subdivisions_aliases
    meant = _meant(subdivision, {**codes, **names})
    hint = f"Did you mean {' or '.join(meant)}?" if meant else f"It has {', '.join(codes)}."
    return f'"{subdivision}" is no subdivision of {country}. {hint}'


def _meant(word: str, known: Mapping[str, str]) -> Iterable[str]:
    """What somebody may have meant, each once, the nearest first."""
    folded = {name.casefold(): meaning for name, meaning in known.items()}
    exact = folded.get(word.casefold())
    near = (folded[name] for name in get_close_matches(word.casefold(), folded))
    return (exact,) if exact else tuple(dict.fromkeys(near))
