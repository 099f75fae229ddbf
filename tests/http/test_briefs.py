"""The brief of an incident over HTTP: in each form, and as of a moment."""

import pytest

from tests.http.conftest import House


@pytest.fixture
async def reference(house: House) -> str:
    """An incident that was reported and taken on."""
    reported = await house.report(title="Mail <is> down", source="monitoring")
    taken = await house.client.post(f"/incidents/{reported['reference']}/acknowledge", json={})
    assert taken.is_success
    return str(reported["reference"])


async def test_a_brief_is_json_unless_something_else_is_asked(house: House, reference: str) -> None:
    answer = await house.client.get(f"/incidents/{reference}/review-brief")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    said = answer.json()
    assert said["incident"]["reference"] == reference
    assert [each["event"] for each in said["timeline"]] == [
        "incident.reported", "incident.logged", "incident.acknowledged",
    ]  # fmt: skip
    assert "There is no lake" in said["surroundings"]["missing"]


@pytest.mark.parametrize("how", ["format", "accept"])
async def test_a_page_is_whole_and_what_people_wrote_is_no_markup_in_it(
    house: House, reference: str, how: str
) -> None:
    path = f"/incidents/{reference}/review-brief"
    if how == "format":
        answer = await house.client.get(path, params={"format": "html"})
    else:
        answer = await house.client.get(path, headers={"accept": "text/html"})
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.text.startswith("<!doctype html>")
    assert "Mail &lt;is&gt; down" in answer.text


async def test_markdown_begins_with_what_people_call_it(house: House, reference: str) -> None:
    answer = await house.client.get(
        f"/incidents/{reference}/review-brief", params={"format": "markdown"}
    )
    assert answer.headers["content-type"].startswith("text/markdown")
    assert answer.text.startswith(f"# {reference}: ")


async def test_a_form_that_there_is_not_is_refused(house: House, reference: str) -> None:
    answer = await house.client.get(
        f"/incidents/{reference}/review-brief", params={"format": "pdf"}
    )
    assert answer.status_code == 422
    (slip,) = answer.json()["errors"]
    assert (slip["field"], slip["reason"]) == ("format", "is one of markdown, html, json")


async def test_of_an_unknown_incident_there_is_no_brief(house: House) -> None:
    answer = await house.client.get("/incidents/INC9999999/review-brief")
    assert answer.status_code == 404


async def test_before_its_report_there_was_nothing_to_brief_about(
    house: House, reference: str
) -> None:
    answer = await house.client.get(
        f"/incidents/{reference}/review-brief", params={"as_of": "2020-01-01T00:00:00Z"}
    )
    assert answer.status_code == 404
    assert "had not begun" in answer.json()["detail"]
