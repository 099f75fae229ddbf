"""A replay gives the same bytes however it is divided, interrupted or repeated; and it changes
nothing."""

import hashlib
import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import process
from tests.whatif import kit
from tests.whatif.kit import ask, many, stream_of, writing
from tocsin.domain.policy.state import POLICY_STREAM
from tocsin.policies.publishing import read
from tocsin.settings import Settings
from tocsin.store.entries import StoreUnavailable
from tocsin.store.log import Log
from tocsin.store.mapper import decode
from tocsin.whatif.chart import svg
from tocsin.whatif.keeping import FOLDER, Kept, Underway
from tocsin.whatif.question import BadQuestion, Question
from tocsin.whatif.replay import Asked, pinned, replay
from tocsin.whatif.report import rendered
from tocsin.whatif.shares import shares
from tocsin.whatif.tally import Tally

INCIDENTS = 60
MANY = 4_000
"""Incidents enough to be killed in the middle of."""


@pytest.fixture
def long(settings: Settings) -> Settings:
    """Where some more incidents are, of the same four kinds."""
    with writing(settings) as log:
        many(log, INCIDENTS)
    return settings


def question_of(settings: Settings, **asked: Any) -> Question:
    log = Log.open(settings)
    question = pinned(log, Asked(policy=read(kit.STRICTER).policy, **asked), 1_000)
    log.close()
    return question


def test_the_same_question_has_the_same_bytes_in_one_share_or_in_three(long: Settings) -> None:
    whole = ask(long)
    assert whole["timers"]["before"]["breached"] == INCIDENTS // 4
    assert whole["timers"]["after"]["breached"] == 5 * INCIDENTS // 4
    position = whole["question"]["position"]
    assert len(shares(position, position // 3 + 1)) == 3
    assert rendered(ask(long, events=position // 3 + 1)) == rendered(whole)
    assert rendered(ask(long)) == rendered(whole)


def test_a_share_of_the_log_holds_whole_histories_of_some_names(told: Settings) -> None:
    """On both stores: together the shares are the log, each event once, in its order."""
    log = Log.open(told)
    names, whole = ["incident.logged", "incident.resolved"], range(65_536)
    bodies = [body for _, body in log.raw_page(0, 100)]
    wanted = [body for body in bodies if decode(body).event.event_name in names]
    found = log.raw_share(names, whole, 0, 100)
    assert [body for _, body in found] == wanted
    assert [stream for stream, _ in found] == [decode(body).stream.bytes for body in wanted]
    parts = [log.raw_share(names, share.part, 0, 100) for share in shares(12, 1)]
    assert sorted(each for part in parts for each in part) == sorted(found)
    assert len({stream for part in parts for stream in {stream for stream, _ in part}}) == 4
    assert log.raw_share(names, whole, 6, 7) == [(stream_of("INC0000001").bytes, bodies[6])]
    assert log.raw_share(names, whole, 7, 7) == []
    log.close()


def test_events_after_its_position_do_not_change_an_answer(long: Settings) -> None:
    before = ask(long)
    with writing(long) as log:
        kit.record(log, kit.stream_of("INC0000002"), [(kit.APRIL, kit.RESOLVED)])
    assert rendered(ask(long, at=before["question"]["position"])) == rendered(before)


def test_both_stores_give_the_same_bytes(tmp_path: Path, postgres_url: str) -> None:
    answers = []
    for home, url in (("a", ""), ("b", postgres_url)):
        settings = Settings(home=tmp_path / home, database=url)
        with writing(settings) as log:
            many(log, INCIDENTS)
        answers.append((rendered(ask(settings)), rendered(ask(settings, events=200))))
    assert len({*answers[0], *answers[1]}) == 1


def test_a_replay_changes_nothing(long: Settings) -> None:
    """Neither the log nor anything else at home; what is kept meanwhile is gone in the end."""

    def state() -> dict[str, str]:
        files = sorted(each for each in long.home.rglob("*") if each.is_file())
        return {each.name: hashlib.sha256(each.read_bytes()).hexdigest() for each in files}

    log = Log.open(long)
    before, head = state(), log.head()
    ask(long, events=100)
    assert log.head() == head
    log.close()
    assert before.items() >= state().items() - {("tocsin.db-shm", state().get("tocsin.db-shm"))}
    assert before["tocsin.db"] == state()["tocsin.db"]
    assert list((long.home / FOLDER).iterdir()) == []


def test_what_is_little_leaves_no_trace_at_all(long: Settings) -> None:
    ask(long)
    assert not (long.home / FOLDER).exists()


@pytest.mark.parametrize("events", [100, 100_000])
def test_a_replay_stops_when_it_is_told_to(long: Settings, events: int) -> None:
    settings, question = replace(long, what_if_events=events), question_of(long)
    assert replay(settings, question, stop=lambda: True) is None
    assert rendered(replay(settings, question) or {}) == rendered(ask(long))


def test_shares_that_are_finished_are_not_replayed_again(long: Settings) -> None:
    """This one's tally says something else than a replay would."""
    settings, question = replace(long, what_if_events=100), question_of(long)
    kept, whole = Kept(long.home, question), ask(long)
    tally = Tally(question.listed)
    tally.counts["incidents",] = 1_000
    with kept.held(10):
        for share in shares(question.position, 100):
            kept.keep(share, tally)
    answer = replay(settings, question) or {}
    assert answer["incidents"] == 1_000 * len(shares(question.position, 100))
    assert rendered(replay(settings, question) or {}) == rendered(whole)


def test_progress_is_told_in_events(long: Settings) -> None:
    question = question_of(long)
    told: list[tuple[int, int]] = []
    replay(long, question, progress=lambda *at: told.append(at))
    assert {total for _, total in told} == {question.position}
    assert told == sorted(told)
    assert told[-1] == (question.position, question.position)


@pytest.mark.parametrize("left", [b"", b'{"counts": [', b"[]", b'{"counts": 3, "lists": {}}'])
def test_what_was_half_written_is_replayed_again(long: Settings, left: bytes) -> None:
    question = question_of(long)
    kept, share = Kept(long.home, question), shares(question.position, 100)[1]
    with kept.held(10):
        (kept.folder / share.name).write_bytes(left)
        (kept.folder / f"{share.name}.77.part").write_bytes(left)
    answer = replay(replace(long, what_if_events=100), question)
    assert rendered(answer or {}) == rendered(ask(long))


def test_one_process_answers_a_question_at_a_time(long: Settings) -> None:
    question = question_of(long)
    with Kept(long.home, question).held(10), pytest.raises(Underway, match="another process"):
        replay(replace(long, what_if_events=100), question)


def test_only_the_last_of_those_that_were_left_are_kept(long: Settings) -> None:
    for until in range(1, 6):
        with Kept(long.home, question_of(long, at=until)).held(3):
            time.sleep(0.01)
    left = {each.name for each in (long.home / FOLDER).iterdir()}
    assert left == {question_of(long, at=until).digest for until in (3, 4, 5)}


@pytest.mark.faults
def test_a_replay_that_was_killed_counts_no_share_twice(settings: Settings, tmp_path: Path) -> None:
    """kill -9 in the middle: its processes end with it, and the next run of the same question
    takes up what they had finished."""
    with writing(settings) as log:
        many(log, MANY)
    whole = ask(settings)
    policy, answer = tmp_path / "stricter.toml", tmp_path / "answer.json"
    policy.write_text(kit.STRICTER, "utf-8")
    said = ("--home", settings.home, "what-if", "--policy", policy, "--format", "json")
    small = {"TOCSIN_WHAT_IF_EVENTS": "500"}
    kept = Kept(settings.home, question_of(settings))
    with process(*said, "-o", answer, **small) as started:
        until = time.monotonic() + 60
        while not list(kept.folder.glob("share-*.json")):
            assert time.monotonic() < until, "no share was ever finished"
            time.sleep(0.005)
        started.send_signal(signal.SIGKILL)
        started.communicate()
    finished = len(list(kept.folder.glob("share-*.json")))
    assert 0 < finished < len(shares(whole["question"]["position"], 500))
    assert not answer.exists()
    with process(*said, "-o", answer, **small) as again:
        _, errors = again.communicate(timeout=120)
    assert again.returncode == 0, errors
    assert answer.read_bytes() == rendered(whole)
    assert list((settings.home / FOLDER).iterdir()) == []


def test_trouble_in_a_process_is_told_as_what_it_is(long: Settings) -> None:
    question = question_of(long)
    gone = replace(long, what_if_events=100, database="postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(StoreUnavailable):
        replay(gone, question)


@pytest.mark.parametrize(
    ("asked", "part", "reason"),
    [
        ({"at": 27}, "at", "is beyond the end of the log, which is position 26"),
        ({"against": 2}, "against", "names version 2 of the policy: there is no such version"),
        ({"against": 0}, "against", "names version 0"),
        ({"since": kit.APRIL, "until": kit.APRIL}, "until", "is not after since"),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused(
    told: Settings, asked: dict[str, Any], part: str, reason: str
) -> None:
    with pytest.raises(BadQuestion, match=reason) as refused:
        question_of(told, **asked)
    assert refused.value.part == part


def test_a_version_is_known_from_where_it_stands_in_the_log(settings: Settings) -> None:
    with writing(settings) as log:
        kit.record_all(log)
        kit.record(log, POLICY_STREAM, kit.published(2, kit.STRICTER))
    assert question_of(settings, against=2).against is not None
    with pytest.raises(BadQuestion, match="no such version by position 26"):
        question_of(settings, against=2, at=26)


def test_a_chart_is_the_same_picture_every_time(long: Settings) -> None:
    """In blue and orange, which everybody can tell apart."""
    report = ask(long)
    drawn = svg(report)
    assert svg(ask(long, events=100)) == drawn
    assert drawn.startswith("<svg")
    for words in ("15 breaches before, 75 after", "2026-03", "#0072b2", "#e69f00"):
        assert words in drawn
    assert svg(ask(long, at=0)).startswith("<svg")
