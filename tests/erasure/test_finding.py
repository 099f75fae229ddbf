"""Whoever asks what is kept of them is told all of it, and of nobody else."""

from dataclasses import replace
from uuid import UUID

import orjson
import pytest

from tests.domain.kit import NOW
from tests.erasure.kit import BRUNO, ZELDA, House, opened
from tocsin.erasure import scan
from tocsin.erasure.handing import FORMS, Dossier, gathered
from tocsin.erasure.names import BadName, Names
from tocsin.erasure.planning import INCIDENTS, Seen, TooMuch
from tocsin.erasure.scan import How, Sought, findings
from tocsin.settings import Settings


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Zelda Quixotria", "ZELDA QUIXOTRIA called."),
        ("zelda@quixotria.example", "Mail <zelda@quixotria.example>."),
        ("Jörg Groß", "JÖRG GROSS wrote"),
        ("Jo\u0308rg", "Jörg"),  # the same letter in two forms
        ('Ann "Nan" Lee', 'It was Ann "Nan" Lee.'),
        ("+43 1 234", "Call +43 1 234!"),
    ],
)
def test_a_text_speaks_of_somebody_in_whatever_case_and_form(name: str, text: str) -> None:
    assert Names([name]).in_text(text)


@pytest.mark.parametrize(
    ("name", "text"), [("Ann", "Annual review"), ("Lee", "Leeds"), ("a.b", "axb")]
)
def test_a_part_of_a_word_is_no_name(name: str, text: str) -> None:
    assert not Names([name]).in_text(text)


@pytest.mark.parametrize("names", [[], ["x"], [" "], [f"name {n}" for n in range(51)]])
def test_who_cannot_be_looked_for_is_told_so(names: list[str]) -> None:
    with pytest.raises(BadName):
        Names(names)


async def test_every_value_is_found_wherever_it_stands(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By name under their own key, in texts of others, in any page of the log."""
    monkeypatch.setattr(scan, "PAGE", 2)
    first = await house.report(reporter=ZELDA, title=f"{ZELDA.upper()} cannot log in")
    other = await house.report(users=(BRUNO, "zelda quixotria"))
    await house.note(other, "She waits.", actor=ZELDA)
    await house.report(title="Nothing to do with her")
    looked = house.look(ZELDA)
    (subject,) = looked.subjects
    sought = Sought(looked.names, frozenset({subject}))
    found = [*findings(house.log, sought)]
    places = [(each.how, each.incident, each.event, each.field) for each in found]
    assert places == [
        (How.NAMED, first, "incident.reported", "reporter"),
        (How.MENTIONED, first, "incident.reported", "title"),
        (How.NAMED, other, "incident.reported", "users.1"),
        (How.NAMED, other, "incident.noted", "actor"),
    ]
    assert found[2].value == "zelda quixotria", "as it was written there"
    assert looked.seen.by_subject[subject] == 3
    assert list(looked.seen.mentioning) == [first]


async def test_what_was_recorded_before_the_vault_is_named_as_legible_for_good(
    settings: Settings,
) -> None:
    """Nobody is told that they are forgotten while their name can be read by anybody."""
    async with opened(replace(settings, vault=False)) as before:
        await before.report(reporter=ZELDA, title=f"{ZELDA} waits", description='"Hm" says she.')
    async with opened(settings) as house:
        await house.report(reporter=ZELDA)
        told = house.look(ZELDA).told()
    assert told["values"] == {"named": 1, "mentioned": 0, "clear": 2, "unreadable": 0}
    assert [each["field"] for each in told["clear"]] == ["reporter", "title"]


async def test_a_value_that_was_tampered_with_is_told_and_hides_nothing_else(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.report(reporter=ZELDA)
    pages = house.log.raw_page

    def damaged(after: int, limit: int) -> list[tuple[int, bytes]]:
        return [
            (n, body.replace(b'"version":1', b'"version":7')) for n, body in pages(after, limit)
        ]

    looked = house.look(ZELDA)
    monkeypatch.setattr(house.log, "raw_page", damaged)
    sought = Sought(looked.names, frozenset(looked.subjects))
    assert [each.how for each in findings(house.log, sought)] == [How.UNREADABLE, How.NAMED]


async def test_the_document_says_what_is_theirs_and_nothing_of_others(house: House) -> None:
    incident = await house.report(reporter=ZELDA, description=f"Secret of {BRUNO}")
    await house.note(incident, f"Spoke with {ZELDA} | twice", actor=BRUNO)
    looked = house.look(ZELDA)
    keys = [{"key_id": "k1", "scopes": ["audit:read"], "created_at": NOW, "revoked_at": None}]
    accesses = [{"at": NOW, "what": "/incidents", "times": 2}]
    dossier = Dossier(looked.names, looked.subjects, keys, accesses)
    document = orjson.loads(b"".join(gathered(FORMS["json"](house.log, dossier))))
    assert [each["value"] for each in document["values"]] == [ZELDA, f"Spoke with {ZELDA} | twice"]
    counts = {"named": 1, "mentioned": 1, "clear": 0, "unreadable": 0}
    assert document["summary"]["values"] == counts
    assert [each["key_id"] for each in document["keys"]] == ["k1"]
    page = b"".join(FORMS["markdown"](house.log, dossier)).decode()
    for said in (f"| {ZELDA} |", f"Spoke with {ZELDA} \\| twice", "k1 (audit:read)", "2 times"):
        assert said in page
    for text in (orjson.dumps(document).decode(), page):
        assert BRUNO not in text


def test_more_incidents_than_one_request_may_have_are_refused() -> None:
    seen = Seen()
    seen.involved = dict.fromkeys(UUID(int=number) for number in range(INCIDENTS))
    found = scan.Finding(
        how=How.NAMED,
        position=1,
        stream=UUID(int=1),
        version=1,
        event="incident.reported",
        occurred_at=NOW,
        recorded_at=NOW,
        field="reporter",
        value=ZELDA,
        subject="",
        incident=UUID(int=1),
    )
    seen.add(found)
    with pytest.raises(TooMuch, match="incident by incident"):
        seen.add(replace(found, incident=UUID(int=INCIDENTS)))
