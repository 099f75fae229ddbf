"""`tocsin relay` and `tocsin intake` as people run them."""

import asyncio
import signal
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import Answer, answer, ended, running
from tests.jetstream.kit import Place, many_more
from tests.jetstream.queueing import DISK, Queue
from tests.postgres import free_port
from tocsin.jetstream import connecting
from tocsin.settings import Settings

SECONDS = 30.0


def variables(settings: Settings) -> dict[str, str]:
    """Only what the tests set: the rest is as people have it."""
    plain = Settings(home=settings.home).environment()
    return {k: v for k, v in settings.environment().items() if v != plain[k] or k == "TOCSIN_HOME"}


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs the program in this process, with the settings of a test."""

    def run(settings: Settings, *arguments: str) -> Answer:
        for name, value in variables(settings).items():
            monkeypatch.setenv(name, value)
        return answer(*arguments)

    return run


def test_relay_once_says_how_far_it_is(place: Place, told: Any) -> None:
    said = told(place.settings, "--json", "relay", "nats", "--once")
    head = place.log.head()
    assert said.document == {"relayed": head, "position": head, "head": head, "resumed": 0}
    assert "127.0.0.1" in said.err

    again = told(place.settings, "relay", "nats", "--once")
    assert f"Relayed 0 events; the stream is at position {head}" in again.err


def test_relay_opened_stands_in_the_access_journal(place: Place, told: Any) -> None:
    """Names leave: that is never without a trace."""
    said = told(place.settings, "relay", "nats", "--once", "--opened")
    assert said.exit_code == 0, said.err
    kept = told(place.settings, "--json", "access", "list").out
    assert f"relayed to {place.settings.relay_stream}" in kept


def test_relay_runs_until_it_is_told_to_stop(place: Place) -> None:
    asyncio.run(place.relay())
    many_more(place.log)
    with running("relay", "nats", **variables(place.settings)) as relay:
        until = time.monotonic() + SECONDS
        while len(asyncio.run(place.stored())) < place.log.head():
            assert time.monotonic() < until
        relay.send_signal(signal.SIGTERM)
        said = ended(relay)
    assert said.exit_code == 0, said.err
    assert f"position {place.log.head()}" in said.err


def test_no_server_is_one_sentence_without_secrets(place: Place, told: Any) -> None:
    away = place.but(nats_servers=("nats://user:sesame@127.0.0.1:9",))
    said = told(away.settings, "relay", "nats", "--once")
    assert said.exit_code == 1
    assert "No NATS server answers at nats://127.0.0.1:9" in said.err
    assert "sesame" not in said.err


def test_without_the_library_it_says_how_to_get_it(
    place: Place, told: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connecting, "find_spec", lambda _name: None)
    said = told(place.settings, "relay", "nats", "--once")
    assert said.exit_code == 1
    assert "pip install 'tocsin[nats]'" in said.err


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"nats_credentials": Path("/none.creds")}, "TOCSIN_NATS_CREDENTIALS is /none.creds"),
        ({"nats_key": Path("k.pem")}, "go together"),
        ({"nats_ca": Path("none.pem")}, "TOCSIN_NATS_CA"),
    ],
)
def test_a_file_that_is_missing_is_named(
    place: Place, told: Any, changed: dict[str, Any], says: str
) -> None:
    said = told(place.but(**changed).settings, "relay", "nats", "--once")
    assert (said.exit_code, says in said.err) == (1, True), said.err


def test_an_intake_runs_until_it_is_told_to_stop_and_shows_how_it_stands(queue: Queue) -> None:
    place = f"127.0.0.1:{free_port()}"
    settings = queue.but(intake_health=place).settings
    asyncio.run(queue.prepare())
    asyncio.run(queue.alert())
    asyncio.run(queue.publish(b"?"))
    with running("intake", "nats", **variables(settings)) as intake:
        asyncio.run(queue.drained())
        assert asked(place, "/health/live") == (200, "alive\n")
        assert asked(place, "/health/ready") == (200, "ready\n")
        assert asked(place, "/nowhere")[0] == 404
        status, metrics = asked(place, "/metrics")
        intake.send_signal(signal.SIGTERM)
        said = ended(intake)
    assert said.exit_code == 0, said.err
    assert "Taken in: 2 messages, 0 of them folded, 1 parked." in said.err
    assert status == 200
    assert 'tocsin_intake_commands_total{outcome="recorded"} 2' in metrics
    assert 'tocsin_intake_parked_total{code="not-json"} 1' in metrics
    assert "tocsin_intake_ready 1" in metrics


def asked(place: str, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://{place}{path}", timeout=5) as found:
            return found.status, found.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_parked_messages_are_listed_shown_replayed_and_discarded(queue: Queue, told: Any) -> None:
    asyncio.run(queue.prepare())
    asyncio.run(queue.publish(b"?", Tocsin_Id="a"))
    asyncio.run(queue.publish({**DISK, "action": "shout"}))
    asyncio.run(queue.taken_in())
    settings = queue.settings

    listed = told(settings, "--json", "intake", "parked", "list").document["parked"]
    assert sorted(each["code"] for each in listed) == ["invalid", "not-json"]
    (number,) = (str(each["number"]) for each in listed if each["code"] == "not-json")
    assert "action is one of" in told(settings, "intake", "parked", "list").out
    shown = told(settings, "intake", "parked", "show", number).out
    assert "Tocsin-Id: a" in shown
    assert shown.rstrip().endswith("?")

    discarded = told(settings, "intake", "parked", "discard", "--code", "invalid")
    assert "1 discarded." in discarded.err
    assert told(settings, "--json", "intake", "parked", "replay", "--all").document == {
        "replayed": 1
    }
    assert told(settings, "--json", "intake", "parked", "list").document == {"parked": []}
    assert len(asyncio.run(queue.waiting())) == 1


def test_replay_wants_to_know_which(queue: Queue, told: Any) -> None:
    for arguments in ((), ("--all", "3")):
        said = told(queue.settings, "intake", "parked", "replay", *arguments)
        assert (said.exit_code, "Say which" in said.err) == (2, True)


def test_the_doctor_shows_where_the_servers_are_and_no_secret(told: Any, tmp_path: Path) -> None:
    servers = ("nats://user:sesame@n1:4222", "tls://token@n2", "nats://user:xyzzy/plugh@n3")
    said = told(Settings(home=tmp_path, nats_servers=servers), "doctor")
    assert "nats://***@n1:4222" in said.out
    assert "tls://***@n2" in said.out
    assert "nats://***@n3" in said.out
    assert not any(secret in said.out for secret in ("sesame", "token", "xyzzy", "plugh"))
