"""What do events say about people? Whatever it is must be sealed, and nothing else."""

from typing import Any

import pytest

from tocsin.domain.incident.events import (
    IncidentAcknowledged,
    IncidentCorrected,
    IncidentImported,
    IncidentReported,
)
from tocsin.domain.incident.values import Fact, Source
from tocsin.domain.personal import Personal, Who, Words, declared_in

PERSON, TEXT = Personal.PERSON, Personal.TEXT


@pytest.mark.parametrize(
    ("hint", "kind"),
    [
        (Who, PERSON),
        (Words, TEXT),
        (Words | None, TEXT),
        (tuple[Who, ...], PERSON),
        (tuple[Who, ...] | None, PERSON),
        (str, None),
        (tuple[str, ...], None),
        (dict[str, str], None),
    ],
)
def test_a_type_says_what_a_field_tells_of_people(hint: Any, kind: Personal | None) -> None:
    """Wherever in it that stands."""
    assert declared_in(hint) is kind


def test_an_event_knows_which_of_its_fields_do() -> None:
    report = IncidentReported(title="It is down", source=Source.MONITORING)
    people = {"reporter": PERSON, "users": PERSON}
    assert report.personal() == {"title": TEXT, "description": TEXT, **people}
    assert IncidentAcknowledged().personal() == {}
    assert IncidentImported.about_people == {"attributes": TEXT}


@pytest.mark.parametrize("fact", Fact)
def test_a_correction_says_about_people_what_the_fact_says(fact: Fact) -> None:
    """A time and a source stay legible: clocks, trends and queues go by them."""
    kinds = {Fact.TITLE: TEXT, Fact.DESCRIPTION: TEXT, Fact.REPORTER: PERSON}
    corrected = IncidentCorrected(fact=fact, was=None, now="x", reason="typed wrongly")
    expected = {"was": kinds[fact], "now": kinds[fact]} if fact in kinds else {}
    assert corrected.personal() == {**expected, "reason": TEXT}
