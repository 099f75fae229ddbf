"""The report for auditors over HTTP: in each form, for auditors, and on record."""

import pytest

from tests.http.conftest import House
from tocsin.keys import Scope

PATH = "/audit/report"


@pytest.fixture
async def reference(house: House) -> str:
    """An incident that was reported."""
    reported = await house.report(title="Mail <is> down", source="monitoring")
    return str(reported["reference"])


async def test_a_report_is_json_unless_something_else_is_asked(
    house: House, reference: str
) -> None:
    answer = await house.client.get(PATH)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    said = answer.json()
    assert {each["name"] for each in said["volume"]["names"]} == {
        "incident.reported",
        "incident.logged",
    }
    assert said["sound"]
    assert answer.headers["tocsin-position"] == str(said["head"]) == "2"


@pytest.mark.parametrize(
    ("media", "beginning"), [("text/html", "<!doctype html>"), ("text/markdown", "# Report for")]
)
async def test_a_report_comes_in_the_form_that_is_accepted(
    house: House, reference: str, media: str, beginning: str
) -> None:
    answer = await house.client.get(PATH, headers={"accept": media})
    assert answer.headers["content-type"].startswith(media)
    assert answer.text.startswith(beginning)


async def test_a_report_is_of_the_period_that_is_asked(house: House, reference: str) -> None:
    ends = {"from": "2020-01-01T00:00:00Z", "to": "2020-02-01T00:00:00Z"}
    said = (await house.client.get(PATH, params=ends)).json()
    assert (said["since"], said["volume"]["events"]) == (ends["from"], 0)
    turned = {"from": ends["to"], "to": ends["from"]}
    refused = await house.client.get(PATH, params=turned)
    assert refused.status_code == 422
    assert refused.json()["errors"] == [{"field": "to", "reason": "is not after from"}]


async def test_only_auditors_get_a_report(house: House, reference: str) -> None:
    async with house.client_with(Scope.READ) as stranger:
        assert (await stranger.get(PATH)).status_code == 403
    async with house.client_with(Scope.AUDIT) as auditor:
        assert (await auditor.get(PATH)).status_code == 200


async def test_that_a_report_was_made_is_in_the_next_one(house: House, reference: str) -> None:
    """It is on record before it leaves."""
    await house.client.get(PATH, headers={"x-purpose": "Audit 7"})
    said = (await house.client.get(PATH)).json()
    (taken,) = said["access"]["taken"]["named"]
    assert (taken["kind"], taken["what"], taken["purpose"]) == ("audit", PATH, "Audit 7")
