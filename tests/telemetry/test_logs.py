"""Lines of log: what a machine reads in them, and what nobody may."""

import json
import logging
import re
from dataclasses import replace
from typing import Any

import pytest

from tests.http.conftest import REPORT, House, Run
from tocsin.settings import Settings
from tocsin.telemetry.context import REQUEST_ID
from tocsin.telemetry.logs import Json, Text, begin, say
from tocsin.telemetry.scrubbing import LONGEST, described, scrubbed, traced
from tocsin.variables import BadSetting


def line(logger: str = "tocsin.desk", **more: Any) -> logging.LogRecord:
    given = {"level": logging.INFO, "msg": "hello %s", "args": ("you",), "exc_info": None, **more}
    extra = given.pop("extra", {})
    record = logging.LogRecord(logger, pathname="", lineno=0, **given)
    for name, value in extra.items():
        setattr(record, name, value)
    return record


def test_a_line_is_one_object_with_the_same_fields_always() -> None:
    said = Json("api").format(line())
    assert "\n" not in said
    found = json.loads(said)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", found.pop("time"))
    assert found == {
        "level": "info",
        "logger": "tocsin.desk",
        "message": "hello you",
        "process": "api",
    }


def test_a_line_says_what_it_is_about() -> None:
    """What its author says goes before what is known where it was said."""
    token = REQUEST_ID.set(b"asked-1")
    try:
        found = json.loads(Json("api").format(line(extra={"command_id": "c", "incident_id": "i"})))
        assert {"request_id": "asked-1", "command_id": "c", "incident_id": "i"}.items() <= (
            found.items()
        )
        assert "[request_id asked-1]" in Text().format(line())
        other = json.loads(Json("api").format(line(extra={"request_id": "mine"})))
        assert other["request_id"] == "mine"
    finally:
        REQUEST_ID.reset(token)


def test_an_exception_is_told_with_its_place_and_those_that_led_to_it() -> None:
    def deep() -> None:
        raise KeyError("Jane Doe")

    try:
        try:
            deep()
        except KeyError as error:
            raise ValueError("cannot read 'E-mail is down'") from error
    except ValueError as error:
        raised = error
    said = json.loads(Json("api").format(line(exc_info=(ValueError, raised, None))))["exception"]
    assert re.search(r"test_logs\.py:\d+ in .*deep", said)
    assert said.index("KeyError: '…'") < said.index("which led to") < said.index("ValueError")
    assert "cannot read '…'" in said
    assert "Jane" not in said
    assert "E-mail" not in said
    assert Text().format(line(exc_info=(ValueError, raised, None))).endswith("cannot read '…'")


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (
            "invalid literal for int() with base 10: 'Jane'",
            "invalid literal for int() with base 10: '…'",
        ),
        ("O'Hara's mail", "O'…'s mail"),
        ('input_value={"name": "O\'Hara"}, input_type=dict', "input_value={\"…'}, input_type=dict"),
        ("duplicate key\nDETAIL:  Key (title)=(Jane is down) exists.", "duplicate key"),
        ("failed\n[SQL: INSERT ...]\n[parameters: (Jane)]", "failed"),
        ("postgresql://user:secret@host/name is away", "postgresql://…@host/name is away"),
        ("Bearer tocsin_0123456789_abcdef is wrong", "… is wrong"),
        ("disk I/O error", "disk I/O error"),
    ],
)
def test_what_a_library_repeats_is_not_told(said: str, kept: str) -> None:
    found = scrubbed(said)
    assert not {"Jane", "Hara", "secret", "abcdef"} & set(re.findall(r"\w+", found)) - {"s"}
    if "input_value" not in said:
        assert kept == found


def test_a_defect_says_which_name_is_missing() -> None:
    """It is of the code, and all that one has at night."""
    with pytest.raises(AttributeError) as raised:
        _ = Text().no_such_name  # type: ignore[attr-defined]
    assert "no_such_name" in described(raised.value)
    assert "no_such_name" not in described(KeyError("no_such_name"))


def test_of_an_exception_there_is_an_end() -> None:
    assert len(described(ValueError("x" * 10_000))) < LONGEST + 20

    class Broken(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert described(Broken()).endswith("Broken")
    group = ExceptionGroup("two", [ValueError("'Jane'"), OSError(28, "No space left")])
    assert "OSError: [Errno 28] No space left" in traced(group)
    assert "Jane" not in traced(group)


def test_libraries_are_heard_when_something_is_wrong(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    """At lower levels they repeat what passes through them, whatever level is set for us."""
    begin(replace(settings, logs="json", log_level="debug"), "api")
    logging.getLogger("httpx").debug("sent Jane Doe")
    logging.getLogger("psycopg").info("connected with a password")
    logging.getLogger("asyncio").warning("never retrieved: KeyError('Jane Doe')")
    logging.getLogger("tocsin.desk").debug("ours")
    say("Tocsin listens")
    lines = [json.loads(each) for each in capsys.readouterr().err.splitlines()]
    assert [each["message"] for each in lines] == [
        "never retrieved: KeyError('…')",
        "ours",
        "Tocsin listens",
    ]


def test_a_refusal_within_a_sentence_is_its_code() -> None:
    """Its words may name those whom it waits for."""

    class Awaits(Exception):
        code = "awaiting-approval"

    record = line(msg="%s was told no: %s", args=("closer", Awaits("Jane Doe has to agree")))
    assert json.loads(Json("api").format(record))["message"] == (
        "closer was told no: awaiting-approval"
    )
    record = line(msg="waits: %s", args=(OSError(28, "No space left", "/home/'Jane'"),))
    assert "Jane" not in json.loads(Json("api").format(record))["message"]


def test_a_person_is_told_little_at_the_start_and_all_later(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    begin(settings, "api", starting=True)
    logging.getLogger("tocsin.vault").info("made a key")
    begin(settings, "api")
    logging.getLogger("tocsin.vault").info("made another")
    say("Tocsin listens")
    said = capsys.readouterr().err
    assert "made a key" not in said
    assert "INFO tocsin.vault: made another\nTocsin listens\n" in said


@pytest.mark.parametrize(("name", "value"), [("LOGS", "xml"), ("LOG_LEVEL", "loud")])
def test_a_word_that_is_none_of_the_choices_is_refused(name: str, value: str) -> None:
    with pytest.raises(BadSetting, match=f"TOCSIN_{name} is '{value}'; say one of"):
        Settings.from_environment({f"TOCSIN_{name}": value})


async def test_a_problem_says_by_what_its_request_is_found(house: House) -> None:
    """In the body, which is what people keep."""
    for given, answer in (
        ("mine-1", await house.client.get("/nowhere", headers={"X-Request-ID": "mine-1"})),
        ("mine-2", await house.client.post("/incidents", headers={"X-Request-ID": "mine-2"})),
    ):
        assert answer.status_code >= 400
        assert (answer.headers["x-request-id"], answer.json()["request_id"]) == (given, given)
    answer = await house.client.get("/nowhere", headers={"X-Request-ID": "not one!"})
    assert answer.json()["request_id"] == answer.headers["x-request-id"] != "not one!"


def test_a_problem_says_it_on_the_short_way_too(running: Run) -> None:
    """Commands on a kept connection meet no task of their own."""
    with running() as service, service.client() as client:
        for number in range(3):
            said = {"X-Request-ID": f"short-{number}"}
            answer = client.post("/incidents", json={"title": 1}, headers=said)
            assert (answer.status_code, answer.json()["request_id"]) == (422, f"short-{number}")


async def test_a_fault_is_logged_under_the_requests_id(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("over 'Jane Doe'")

    monkeypatch.setattr(house.app.service.desk, "handle", broken)
    made = await house.client.post("/incidents", json=REPORT, headers={"X-Request-ID": "mine-3"})
    assert made.status_code == 500
    (record,) = caplog.records
    found = json.loads(Json("api").format(record))
    assert found["message"] == "Request mine-3 failed."
    assert found["exception"].endswith("RuntimeError: over '…'")


async def test_a_command_that_cannot_be_decided_is_logged_under_its_own_id(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("tocsin.desk.decide", broken)
    assert (await house.client.post("/incidents", json=REPORT)).status_code == 500
    found = json.loads(Json("api").format(caplog.records[0]))
    assert found["message"] == "report cannot be decided"
    assert {"command_id", "incident_id"} <= found.keys()
