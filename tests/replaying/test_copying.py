"""A log played to another store is the same log there: positions, bytes, names, answers, tree."""

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from tests.replaying.kit import NOTHING_CHANGED, answers, bodies, names, recorded
from tests.store.samples import entry, logged, noted, take
from tocsin.readmodels.database import Database
from tocsin.readmodels.projection import found
from tocsin.readmodels.rebuild import rebuild
from tocsin.replaying.copying import Copied, OtherLog, copy
from tocsin.replaying.models import model_digests
from tocsin.replaying.period import PAGE_EVENTS, Stopped
from tocsin.replaying.place import NoPlace, opened, settings_of
from tocsin.settings import Settings
from tocsin.store.copies import NotNext, Piece, StoredEvent
from tocsin.store.entries import Duplicate, Stored, StoreUnavailable, Taken
from tocsin.store.log import Log
from tocsin.store.mapper import decode

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def played(source: Settings, place: str) -> tuple[Settings, Copied]:
    target = settings_of(source, place)
    with closing(Log.open(source)) as log, opened(target) as there:
        return target, copy(log, there)


def test_a_copy_is_the_same_log(source: Settings, place: str) -> None:
    target, copied = played(source, place)
    with closing(Log.open(source)) as ours, closing(Log.open(target, veiled=True)) as theirs:
        assert bodies(theirs) == bodies(ours)
        assert names(theirs) == names(ours)
        assert answers(theirs) == answers(ours)
        assert theirs.tree() == ours.tree()
        assert theirs.tree_root() == copied.root
        assert copied.position == copied.events == ours.head() > 200
        assert copied.answers == 1


def test_its_proofs_are_those_of_the_log(source: Settings, place: str) -> None:
    target, copied = played(source, place)
    with closing(Log.open(source)) as ours, closing(Log.open(target, veiled=True)) as theirs:
        for position in (1, 17, copied.position):
            proof = ours.inclusion(position, copied.position)
            assert theirs.inclusion(position, copied.position) == proof
        assert theirs.consistency(100, copied.position) == ours.consistency(100, copied.position)


def test_its_read_models_are_equal(source: Settings, place: str) -> None:
    target, _ = played(source, place)
    with closing(Log.open(source)) as log:
        for settings in (source, target):
            with closing(Database.open(settings.home, settings.database)) as database:
                assert rebuild(log, database, found())
    ours, theirs = model_digests(source), model_digests(target)
    assert ours == theirs
    assert {each.name for each in ours} == {each.name for each in found()}
    assert sum(each.rows for each in ours) > 100


def test_a_retry_is_answered_there_as_it_was_here(source: Settings, place: str) -> None:
    """Exactly once holds for commands of before, whether they recorded something or nothing."""
    target, _ = played(source, place)
    with closing(Log.open(source)) as ours:
        known = {key: (mark, answer) for key, mark, answer in answers(ours)}
        retried = ours.page(4, 1)[0]
    with opened(target) as there:
        for command in (retried.command_id, NOTHING_CHANGED):
            again = entry(noted("Again"), command_id=command)
            (outcome,) = there.commit([again])
            assert outcome == Duplicate(*known[command])
        assert there.head() == len(bodies(there))


def test_what_is_written_there_goes_on_behind_it(source: Settings, place: str) -> None:
    """The next reference is one that nobody has, and a name that is taken stays taken."""
    target, copied = played(source, place)
    with opened(target) as there:
        (taken,) = [n for n in names(there) if n == ("reference", "INC0000007")]
        (outcome,) = there.commit([entry(logged(taken[1]), claims=(take(*taken),))])
        assert isinstance(outcome, Taken)
        reference = there.next_reference()
        assert there.holder("reference", reference) is None
        assert int(reference.removeprefix("INC")) == 31
        claim = take("reference", reference)
        (outcome,) = there.commit([entry(logged(reference), claims=(claim,))])
        assert isinstance(outcome, Stored)
        assert list(outcome.positions) == [copied.position + 1]
        size, _ = there.tree()
        assert size == copied.position + 1


def test_what_was_interrupted_goes_on_where_it_stopped(
    source: Settings, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tocsin.replaying.period.PAGE_EVENTS", 50)
    target = settings_of(source, place)
    said: list[int] = []
    with closing(Log.open(source)) as ours:
        with opened(target) as there, pytest.raises(Stopped):
            copy(
                ours,
                there,
                progress=lambda what, done, _: said.append(done),
                stop=lambda: len(said) == 2,
            )
        with closing(Log.open(target, veiled=True)) as there:
            assert bodies(there) == bodies(ours)[:100]
            assert there.tree_root() == ours.tree_root(100)
        with opened(target) as there:
            copied = copy(ours, there)
            assert copied.events == ours.head() - 100
            assert (bodies(there), names(there)) == (bodies(ours), names(ours))
            assert copied.root == ours.tree_root()


def test_played_again_it_takes_only_what_is_new(source: Settings, place: str) -> None:
    target, copied = played(source, place)
    with closing(Log.open(source, writer=True)) as log:
        log.commit([entry(logged("INC0000999"), claims=(take("reference", "INC0000999"),))])
    _, again = played(source, place)
    assert (again.events, again.answers) == (1, 0)
    assert again.position == copied.position + 1
    with opened(target) as there:
        assert there.next_reference() == "INC0001000"


def test_another_log_is_refused_and_left_alone(
    source: Settings, place: str, tmp_path: Path
) -> None:
    target, _ = played(source, place)
    other = recorded(Settings(home=tmp_path / "other"), seed=8)
    with closing(Log.open(target, veiled=True)) as there:
        before = bodies(there)
    with closing(Log.open(other)) as log, opened(target) as there:
        with pytest.raises(OtherLog, match="another"):
            copy(log, there)
        assert bodies(there) == before


def test_a_log_that_is_longer_is_no_beginning(source: Settings, place: str) -> None:
    target, _ = played(source, place)
    with opened(target) as there:
        there.commit([entry(noted("Here only"))])
    with (
        closing(Log.open(source)) as log,
        opened(target) as there,
        pytest.raises(OtherLog, match=f"has {log.head() + 1} events"),
    ):
        copy(log, there)


def test_an_early_difference_shows_though_the_last_events_are_equal(
    source: Settings, place: str
) -> None:
    """The tree stands for every event, not only for the last one."""
    target = settings_of(source, place)
    with closing(Log.open(source)) as ours, opened(target) as there:
        (_, first), *others = bodies(ours)
        stored = []
        for body in (first.replace(b'"via":null', b'"via":"nobody"'), *(b for _, b in others)):
            each = decode(body)
            topic = each.event.event_name
            stored.append(
                StoredEvent(stream=each.stream, version=each.version, topic=topic, body=body)
            )
        there.append_stored(Piece(after=0, events=stored))
        assert bodies(there)[1:] == others
        with pytest.raises(OtherLog, match=f"its first {ours.head()} events differ"):
            copy(ours, there)


def test_checkpoints_and_who_has_them_come_along(source: Settings, place: str) -> None:
    with closing(Log.open(source, writer=True)) as log:
        head = log.head()
        log.add_checkpoint(100, "a note", NOON)
        log.add_checkpoint(head, "another note", NOON)
        log.add_attestation(100, "https://witness.example", "cosignature", b"signed", NOON)
        expected = log.checkpoints(), log.attestations()
    target, copied = played(source, place)
    assert copied.checkpoints == 2
    with closing(Log.open(target, veiled=True)) as there:
        assert (there.checkpoints(), there.attestations()) == expected


def test_answers_to_events_that_came_meanwhile_wait_for_them(
    source: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A retry must never be told of an event that the copy does not have."""
    late = uuid4()
    with closing(Log.open(source, writer=True)) as log:
        ask = log.answers_page
        busy: list[object] = []

        def meanwhile(after: object, limit: int) -> object:
            if not busy:
                busy.append(log.commit([entry(noted("Meanwhile"), command_id=late)]))
            return ask(after, limit)  # type: ignore[arg-type]

        monkeypatch.setattr(log, "answers_page", meanwhile)
        target = settings_of(source, str(tmp_path / "copy"))
        with opened(target) as there:
            copied = copy(log, there)
            assert copied.position == log.head() - 1
            assert late not in there.answers([late])
            assert copy(log, there).events == 1
            assert late in there.answers([late])


def test_a_piece_that_is_not_next_is_not_stored(source: Settings, place: str) -> None:
    target, copied = played(source, place)
    with opened(target) as there:
        for after in (0, copied.position + 1):
            with pytest.raises(NotNext, match=f"ends at position {copied.position}"):
                there.append_stored(Piece(after=after))
        assert there.head() == copied.position
        assert isinstance(there.commit([entry(noted("Still writable"))])[0], Stored)


def test_who_reads_a_log_cannot_append_to_it(source: Settings, place: str) -> None:
    target, copied = played(source, place)
    with (
        closing(Log.open(target, veiled=True)) as there,
        pytest.raises(StoreUnavailable, match="reading only"),
    ):
        there.append_stored(Piece(after=copied.position))


def test_without_a_ledger_the_roots_are_worked_out(source: Settings, tmp_path: Path) -> None:
    bare = recorded(Settings(home=tmp_path / "bare", ledger=False))
    _, copied = played(bare, str(tmp_path / "copy"))
    _, again = played(bare, str(tmp_path / "copy"))
    assert again.root == copied.root
    assert (again.events, copied.events) == (0, copied.position)


@pytest.mark.parametrize("place", ["mysql://host/db", ""])
def test_what_is_no_store_is_refused(source: Settings, place: str) -> None:
    with pytest.raises(NoPlace, match="neither a folder nor"):
        settings_of(source, place)


def test_a_log_is_not_played_to_itself(source: Settings) -> None:
    shared = replace(source, database="postgresql://host/db")
    for settings, place in ((source, f"{source.home}/."), (shared, shared.database)):
        with pytest.raises(NoPlace, match="where the log is"):
            settings_of(settings, place)
    assert settings_of(shared, str(source.home)).database == ""


def test_pages_are_bounded() -> None:
    assert PAGE_EVENTS <= 5_000
