"""`tocsin ledger`: signing without a server, and comparing with what somebody holds."""

import json
from base64 import b64decode
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import Answer, answer
from tests.ledger.kit import forged, grow, key_of, signed
from tests.store.samples import entry, logged, noted, take
from tocsin.cli.examination import ledger
from tocsin.cli.examination.check import Level
from tocsin.ledger.checkpoints import Signed
from tocsin.ledger.merkle import verify_inclusion
from tocsin.ledger.notary import keys_ever
from tocsin.ledger.vkeys import Skey
from tocsin.settings import Settings
from tocsin.store.log import Log


@pytest.fixture
def here(tmp_path: Path) -> Settings:
    """A log of five events that nobody has signed."""
    settings = Settings(home=tmp_path / "home", checkpoint_file=tmp_path / "held")
    with closing(Log.open(settings, writer=True)) as log:
        grow(log, 4)
        log.commit([entry(logged("INC0000001"), claims=(take("reference", "INC0000001"),))])
    return settings


@pytest.fixture
def held(here: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file outside, as the settings of the program name it."""
    monkeypatch.setenv("TOCSIN_CHECKPOINT_FILE", str(here.checkpoint_file))
    assert here.checkpoint_file
    return here.checkpoint_file


def run(settings: Settings, *arguments: str | Path) -> Answer:
    return answer("ledger", arguments[0], "--home", settings.home, *arguments[1:])


def as_json(settings: Settings, *arguments: str | Path) -> Any:
    said = run(settings, *arguments, "--json")
    return json.loads(said.out)


def test_it_signs_and_hands_the_checkpoint_to_the_places_outside(
    here: Settings, held: Path
) -> None:
    said = run(here, "checkpoint")
    assert 0 == said.exit_code, said.err
    assert said.out == held.read_text()
    assert 5 == Signed.read(said.out).checkpoint.size
    again = run(here, "checkpoint")
    assert again.out == said.out
    assert "has not grown" in again.err
    assert {"made": False, "note": said.out, "lacking": {}} == as_json(here, "checkpoint")


def test_an_empty_log_has_nothing_to_sign(tmp_path: Path) -> None:
    said = run(Settings(home=tmp_path), "checkpoint")
    assert 1 == said.exit_code
    assert "nothing to sign" in said.err
    assert 0 == run(Settings(home=tmp_path), "status").exit_code
    assert "No checkpoint was signed yet" in run(Settings(home=tmp_path), "status").out


def test_a_place_that_lacks_it_is_named(here: Settings, held: Path) -> None:
    held.mkdir()
    said = run(here, "checkpoint")
    assert 0 == said.exit_code
    assert f"{held} lacks it: {held} cannot be written" in said.err


def test_beside_a_server_it_says_whom_to_ask(here: Settings, held: Path) -> None:
    with closing(Log.open(here, writer=True)):
        said = run(here, "checkpoint")
    assert 3 == said.exit_code
    assert "Stop it first" in said.err
    assert "POST /ledger/checkpoints makes it do so now" in said.err


def test_status_says_how_far_it_is_signed_and_who_has_it(here: Settings, held: Path) -> None:
    run(here, "checkpoint")
    with closing(Log.open(here, writer=True)) as log:
        grow(log, 2)
    said = run(here, "status")
    assert 0 == said.exit_code
    assert "7 events, root " in said.out
    assert "up to 5 at " in said.out
    assert "2 events came since" in said.out
    assert f"copy by {held}: up to 5" in said.out
    found = as_json(here, "status")
    assert (7, 5, None) == (found["size"], found["checkpoint"]["size"], found["alarm"])


def test_checkpoints_are_listed_and_written_out_to_be_held(here: Settings, held: Path) -> None:
    for _ in range(3):
        run(here, "checkpoint")
        with closing(Log.open(here, writer=True)) as log:
            grow(log, 1)
    assert [5, 6, 7] == [each["size"] for each in as_json(here, "checkpoints")["checkpoints"]]
    assert run(here, "checkpoints", "--notes").out == held.read_text()
    assert 4 == len(run(here, "checkpoints").out.splitlines())


def test_what_is_held_is_compared_and_a_cut_log_found(here: Settings, held: Path) -> None:
    run(here, "checkpoint")
    good = run(here, "check", held)
    assert 0 == good.exit_code, good.err
    assert "1 of 1 held checkpoints hold, the last of 5 events; the log has 5" in good.out
    skey = key_of(here)
    held.write_text(held.read_text() + forged(skey, 9, bytes(32)) + forged(skey, 3, bytes(32)))
    bad = run(here, "check", held)
    assert 1 == bad.exit_code
    assert "checkpoint 2 of the file (9 events) DOES NOT HOLD: The log has 5 events" in bad.out
    assert "checkpoint 3 of the file (3 events) DOES NOT HOLD: The first 3 events" in bad.out
    assert [True, False, False] == [each["holds"] for each in as_json(here, "check", held)["held"]]


def test_who_has_the_key_from_elsewhere_trusts_that_alone(here: Settings, held: Path) -> None:
    run(here, "checkpoint")
    vkey = run(here, "key").out.strip()
    assert 0 == run(here, "check", held, "--key", vkey).exit_code
    with closing(Log.open(here, writer=True)) as log:
        assert [vkey] == [str(each) for each in keys_ever(log)]
    other = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    said = run(here, "check", held, "--key", other)
    assert 1 == said.exit_code
    assert "None of the keys" in said.out
    assert 1 == run(here, "check", held, "--key", "nonsense").exit_code


def test_a_file_that_holds_nothing_is_no_success(here: Settings, held: Path) -> None:
    run(here, "checkpoint")
    held.write_text("")
    assert 1 == run(here, "check", held).exit_code


def test_events_and_incidents_are_proved_to_be_in_the_tree(here: Settings, held: Path) -> None:
    run(here, "checkpoint")
    for what, positions in (("2", [2]), ("INC0000001", [5])):
        found = as_json(here, "prove", what)
        root = Signed.read(found["checkpoint"]).checkpoint.root
        assert positions == [each["position"] for each in found["items"]]
        for each in found["items"]:
            path = [b64decode(hash_) for hash_ in each["path"]]
            leaf = b64decode(each["leaf_hash"])
            verify_inclusion(leaf, each["position"] - 1, found["size"], path, root)
    said = run(here, "prove", "INC0000001")
    assert "All are in the tree of 5 events" in said.out
    assert "No checkpoint of that size" in run(here, "prove", "2", "--size", "3").out
    for wrong in ("99", "INC9999999"):
        assert 1 == run(here, "prove", wrong).exit_code
    assert "size is 99" in run(here, "prove", "2", "--size", "99").err


def test_a_key_follows_another_and_the_old_one_retires_after_both_signed(
    here: Settings, held: Path
) -> None:
    run(here, "checkpoint")
    old = run(here, "key").out.split("+")[1]
    assert "Added " in run(here, "rotate").out
    early = run(here, "retire", old)
    assert 1 == early.exit_code
    assert "No checkpoint carries the line of a key that stays" in early.err
    with closing(Log.open(here, writer=True)) as log:
        grow(log, 1)
    assert 2 == run(here, "checkpoint").out.count("\N{EM DASH} ")
    assert f"+{old}+" in run(here, "retire", old).out
    with closing(Log.open(here, writer=True)) as log:
        grow(log, 1)
    assert 1 == run(here, "checkpoint").out.count("\N{EM DASH} ")
    keys = as_json(here, "key")["items"]
    assert [False, True] == [each["signs"] for each in keys]


def test_a_lost_key_is_replaced_only_when_somebody_says_so(here: Settings, held: Path) -> None:
    run(here, "checkpoint")
    here.ledger_key_place.unlink()
    with closing(Log.open(here, writer=True)) as log:
        grow(log, 1)
    said = run(here, "checkpoint")
    assert 1 == said.exit_code
    assert "`tocsin ledger adopt`" in said.err
    assert 0 == run(here, "adopt", "--reason", "the disk has died").exit_code
    assert 0 == run(here, "checkpoint").exit_code
    assert 2 == len(as_json(here, "key")["items"])


def test_a_server_with_another_key_does_not_start(here: Settings, held: Path) -> None:
    run(here, "checkpoint")
    here.ledger_key_place.write_text(Skey.new("example.com/other").line)
    said = answer("serve", "--home", here.home, "--port", "0")
    assert 1 == said.exit_code
    assert "This log was signed as tocsin.local/" in said.err


def found_by_doctor(settings: Settings) -> dict[str, tuple[Level, str]]:
    with closing(Log.open(settings)) as log:
        return {each.name: (each.level, each.says) for each in ledger.examine(log, settings)}


def test_the_doctor_says_how_the_ledger_is(here: Settings, held: Path) -> None:
    assert Level.WARN is found_by_doctor(here)["ledger"][0], "nothing is signed yet"
    run(here, "checkpoint")
    found = found_by_doctor(here)
    assert {Level.OK} == {level for level, _ in found.values()}
    assert "5 events in the tree, 5 signed" in found["ledger"][1]
    nowhere = replace(here, checkpoint_file=None)
    assert Level.WARN is found_by_doctor(nowhere)["checkpoints outside"][0]
    assert Level.WARN is found_by_doctor(replace(here, ledger=False))["ledger"][0]
    here.ledger_key_place.chmod(0o644)
    assert Level.WARN is found_by_doctor(here)["ledger key"][0]
    here.ledger_key_place.unlink()
    assert Level.BAD is found_by_doctor(here)["ledger key"][0]


def test_the_doctor_names_a_place_that_is_behind(here: Settings, held: Path) -> None:
    with closing(Log.open(here, writer=True)) as log:
        signed(log, here)
    hasty = replace(here, checkpoint_late_seconds=0.0)
    level, says = found_by_doctor(hasty)[f"checkpoints at {held}"]
    assert Level.WARN is level
    assert "late" in says


def test_the_doctor_raises_the_alarm_when_the_log_is_not_what_was_signed(
    here: Settings, held: Path
) -> None:
    with closing(Log.open(here, writer=True)) as log:
        made = signed(log, here)
        note = forged(key_of(here), 9, made.checkpoint.root)
        log.add_checkpoint(9, note, log.checkpoints()[0].made_at)
        grow(log, 1)
        log.commit([entry(noted("more"))])
    level, says = found_by_doctor(here)["ledger"]
    assert Level.BAD is level
    assert "has 7 events, and 9 were signed" in says
    said = run(here, "status")
    assert 1 == said.exit_code
    assert said.out.startswith("ALARM: ")
