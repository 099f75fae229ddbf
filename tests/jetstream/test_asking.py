"""A command is asked until it is answered, whatever the service says in between."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.jetstream.gate import Gate, Script, gate
from tocsin.jetstream.asking import Answer, Asker
from tocsin.jetstream.connecting import CannotStream
from tocsin.jetstream.line import key
from tocsin.settings import Settings

NOTE: dict[str, Any] = {"command": "note", "incident": "i", "id": "n-1", "body": {}}
BUSY = {"results": [{"status": 503, "problem": {"code": "busy", "detail": "Later."}}]}


async def asked(script: Script, tmp_path: Path, *commands: Any) -> tuple[list[Answer], Gate, Asker]:
    """What these come to, before a gate."""
    file = tmp_path / "key"
    file.write_text("tocsin_key\n")
    with gate("", script) as before:
        asker = Asker(Settings(home=tmp_path, intake_url=before.url, intake_key_file=file))
        asker.start()
        try:
            async with asyncio.timeout(20):
                answers = await asyncio.gather(*(asker.ask(each) for each in commands or [NOTE]))
        finally:
            await asker.stop()
    return list(answers), before, asker


@pytest.mark.parametrize(
    "trouble",
    [
        (503, {"Retry-After": "0"}, {"detail": "stopping"}),
        (429, {}, {}),
        (500, {}, {}),
        (401, {}, {"detail": "The API key does not open anything."}),
        (404, {}, "not here"),
        (200, {}, BUSY),
        (200, {}, {"maintenance": True}),
        (200, {}, {"results": []}),
        (200, {}, b""),
        (502, {}, b"<html>"),
        (0, {}, None),
    ],
    ids=[
        "away",
        "too often",
        "broken",
        "unknown",
        "elsewhere",
        "busy",
        "another",
        "no answer",
        "empty",
        "a proxy",
        "hung up",
    ],
)
async def test_it_is_asked_again_under_the_same_id(trouble: Any, tmp_path: Path) -> None:
    (answer,), before, asker = await asked([trouble, trouble], tmp_path)
    assert answer.done
    assert before.asked == [[NOTE]] * 3
    assert asker.standing.again == 2
    assert asker.standing.fault == ""


async def test_what_waits_at_a_time_goes_in_one_request(tmp_path: Path) -> None:
    commands = [{**NOTE, "id": f"n-{number}"} for number in range(1_200)]
    answers, before, _ = await asked([], tmp_path, *commands)
    assert all(each.done for each in answers)
    assert max(map(len, before.asked)) == 500
    assert sorted(each["id"] for some in before.asked for each in some) == sorted(
        each["id"] for each in commands
    )


async def test_a_request_is_never_larger_than_a_service_takes(tmp_path: Path) -> None:
    commands = [{**NOTE, "body": {"text": "x" * 60_000}} for _ in range(40)]
    _, before, _ = await asked([], tmp_path, *commands)
    assert max(map(len, before.asked)) < 16


async def test_a_wrong_command_takes_nobody_with_it(tmp_path: Path) -> None:
    """The service turns the whole batch away: so each is asked alone."""
    wrong: Any = (422, {}, {"code": "invalid", "detail": "commands.1.body is no good."})
    commands = [{**NOTE, "id": f"n-{number}"} for number in range(3)]
    answers, before, _ = await asked([wrong, (200, {}, ONE), wrong], tmp_path, *commands)
    assert [len(each) for each in before.asked] == [3, 1, 1, 1]
    assert [each.status for each in answers] == [200, 422, 201]
    assert answers[1].reason == "commands.1.body is no good."


async def test_a_batch_that_a_proxy_finds_too_large_is_sent_in_pieces(tmp_path: Path) -> None:
    """It says so in a page for people."""
    large: Any = (413, {}, b"<html>Request Entity Too Large</html>")
    commands = [{**NOTE, "id": f"n-{number}"} for number in range(3)]
    answers, before, _ = await asked([large, large], tmp_path, *commands)
    assert [len(each) for each in before.asked] == [3, 1, 1, 1]
    assert [each.status for each in answers] == [413, 201, 201]


ONE = {"results": [{"status": 200, "receipt": {"incident_id": "i", "changed": False}}]}


def test_a_key_may_stand_in_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTAKE_KEY", " tocsin_abc \n")
    assert key(Settings(intake_key_env="INTAKE_KEY")) == "tocsin_abc"


def test_a_key_that_is_missing_is_told_with_its_place(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    for settings, place in (
        (Settings(intake_key_env="NOWHERE"), "NOWHERE"),
        (Settings(intake_key_file=tmp_path / "none"), "TOCSIN_INTAKE_KEY_FILE"),
        (Settings(intake_key_file=empty), str(empty)),
    ):
        with pytest.raises(CannotStream, match=place):
            key(settings)


@pytest.mark.parametrize(
    "url",
    [
        "tocsin.example",
        "ftp://tocsin.example",
        "http://",
        "http://tocsin.example:99999",
        "http://tocsin.example:http",
        "http://[::1",
    ],
)
async def test_an_address_that_is_none_is_told(url: str, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("tocsin_key")
    with pytest.raises(CannotStream, match="TOCSIN_INTAKE_URL"):
        Asker(Settings(home=tmp_path, intake_url=url, intake_key_file=file))


async def test_an_authority_that_is_not_there_is_told(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("tocsin_key")
    lacking = tmp_path / "ca.pem"
    with pytest.raises(CannotStream, match="TOCSIN_INTAKE_CA"):
        Asker(
            Settings(
                home=tmp_path,
                intake_url="https://tocsin.example",
                intake_key_file=file,
                intake_ca=lacking,
            )
        )


async def test_a_key_that_is_no_text_is_told(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(CannotStream, match="TOCSIN_INTAKE_KEY_FILE"):
        key(Settings(intake_key_file=file))
