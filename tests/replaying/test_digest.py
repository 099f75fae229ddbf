"""A period comes to the same digest wherever it is played again, and to another if it is other."""

import os
import subprocess
import sys
from contextlib import closing
from dataclasses import asdict
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import groupby
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.audit.scene import BEGIN, PERIOD, publish
from tests.audit.scene import played as played_scene
from tests.replaying.kit import bodies, recorded
from tests.store.samples import entry, noted
from tests.whatif.kit import STRICTER
from tocsin.domain.kernel import replace
from tocsin.ledger.merkle import Frontier
from tocsin.replaying.copying import copy
from tocsin.replaying.digest import Digest, digest, state_of
from tocsin.replaying.period import Period, Stopped, Torn, recorded_at
from tocsin.replaying.place import opened, settings_of
from tocsin.settings import Settings
from tocsin.store.entries import Stored
from tocsin.store.log import Log
from tocsin.store.mapper import decode

ELSEWHERE = {"PYTHONHASHSEED": "4711", "TZ": "Pacific/Chatham", "LC_ALL": "tr_TR.UTF-8"}
PROGRAM = """
import sys, orjson
from dataclasses import asdict
from datetime import datetime
from tocsin.replaying.digest import digest
from tocsin.replaying.period import Period
from tocsin.settings import Settings
from tocsin.store.entries import Stored
from tocsin.store.log import Log
since, until = map(datetime.fromisoformat, sys.argv[1:])
log = Log.open(Settings.from_environment())
print(orjson.dumps(asdict(digest(log, Period(since=since, until=until)))).decode())
"""


def played(settings: Settings, period: Period, *, veiled: bool = False) -> Digest:
    with closing(Log.open(settings, veiled=veiled)) as log:
        return digest(log, period)


def middle(settings: Settings) -> Period:
    """A period with events before and behind it."""
    with closing(Log.open(settings)) as log:
        stored = bodies(log)
    times = [recorded_at(stored[len(stored) * n // 4][1]) for n in (1, 3)]
    return Period(since=times[0], until=times[1])


def elsewhere(settings: Settings, period: Period) -> dict[str, Any]:
    """The digest that a process with another seed, time zone and locale gives."""
    assert period.since is not None
    assert period.until is not None
    ends = [end.isoformat() for end in (period.since, period.until)]
    ours = {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *ends],
        env={**ours, **settings.environment(), **ELSEWHERE},
        capture_output=True,
        check=True,
    )
    found: dict[str, Any] = orjson.loads(done.stdout)
    return found


def test_the_same_on_either_store_in_any_process(source: Settings, place: str) -> None:
    period = middle(source)
    here = played(source, period)
    target = settings_of(source, place)
    with closing(Log.open(source)) as log, opened(target) as there:
        copy(log, there)
    assert 0 < here.events < here.last <= here.events * 4  # type: ignore[operator]
    expected = orjson.loads(orjson.dumps(asdict(here)))
    assert elsewhere(source, period) == expected
    assert elsewhere(target, period) == expected


def test_it_is_what_it_says_it_is(source: Settings) -> None:
    """Worked out again here from the definition, event by event."""
    period = middle(source)
    found = played(source, period)
    with closing(Log.open(source)) as log:
        stored = bodies(log)
    inside = [(p, b) for p, b in stored if period.holds(recorded_at(b))]
    events = sha256(b"".join(len(b).to_bytes(8, "big") + b for _, b in inside))
    assert (found.first, found.last) == (inside[0][0], inside[-1][0])
    assert (found.events, found.events_sha256) == (len(inside), events.hexdigest())
    last = {decode(b).stream: decode(b).version for _, b in inside}
    by_stream = sorted(stored, key=lambda each: decode(each[1]).stream.bytes)
    states = sha256()
    for stream, of in groupby(by_stream, key=lambda each: decode(each[1]).stream):
        if stream in last:
            state = state_of(stream, [body for _, body in sorted(of)][: last[stream]])
            states.update(len(state).to_bytes(8, "big") + state)
    assert (found.streams, found.states_sha256) == (len(last), states.hexdigest())
    tree = Frontier()
    tree.extend(body for _, body in stored[: found.last])
    assert found.root == tree.root().hex()


def test_what_is_recorded_behind_a_period_changes_nothing_of_it(source: Settings) -> None:
    period = middle(source)
    before, all_before = played(source, period), played(source, Period())
    with closing(Log.open(source, writer=True)) as log:
        last = decode(bodies(log)[-1][1])
        within = decode(bodies(log)[(before.last or 0) - 1][1])
        # Of a stream that the period has touched, which goes on behind it.
        version = log.version(within.stream)
        late = entry(noted("Late"), stream=within.stream, after=version)
        drafts = tuple(replace(each, recorded_at=last.recorded_at) for each in late.drafts)
        (stored,) = log.commit([replace(late, drafts=drafts)])
        assert isinstance(stored, Stored)
    assert played(source, period) == before
    assert played(source, Period()) != all_before


def test_neither_keys_nor_their_loss_change_it(source: Settings) -> None:
    """Who is forgotten later leaves the digests of earlier periods as they were."""
    with closing(Log.open(source)) as log:
        assert log.seals.sealing
        assert log.page(0, 1)[0].actor.startswith("person ")
    everything = Period()
    expected = played(source, everything)
    assert played(source, everything, veiled=True) == expected
    for file in source.home.glob("vault.*"):
        file.unlink()
    assert played(source, everything) == expected


def test_another_event_gives_another_digest(source: Settings, tmp_path: Path) -> None:
    other = recorded(Settings(home=tmp_path / "other"), seed=6)
    ours, theirs = (played(each, Period()) for each in (source, other))
    assert ours.events_sha256 != theirs.events_sha256
    assert ours.states_sha256 != theirs.states_sha256
    assert ours.root != theirs.root


def test_a_period_without_events_has_no_place_and_no_tree(source: Settings) -> None:
    found = played(source, Period(until=datetime.fromisoformat("2000-01-01T00:00:00Z")))
    assert (found.events, found.streams, found.first, found.last) == (0, 0, None, None)
    assert found.root is None
    assert found.events_sha256 == found.states_sha256 == sha256().hexdigest()


def test_neighbouring_periods_share_no_event_and_leave_none_out(source: Settings) -> None:
    period = middle(source)
    parts = [
        played(source, Period(until=period.since)),
        played(source, period),
        played(source, Period(since=period.until)),
    ]
    assert sum(part.events for part in parts) == played(source, Period()).events


def test_a_period_that_ends_before_it_begins_is_refused() -> None:
    now = datetime.fromisoformat("2026-01-01T00:00:00Z")
    for until in (now, now - timedelta(seconds=1)):
        with pytest.raises(ValueError, match="ends before it begins"):
            Period(since=now, until=until)


def test_every_kind_of_stream_has_its_part(tmp_path: Path) -> None:
    """Incidents, evidence, subjects and the policy, folded from what is sealed."""
    settings = Settings(home=tmp_path / "scene")
    with closing(Log.open(settings, writer=True)) as log:
        played_scene(log)
        publish(log, STRICTER, BEGIN)
        found = digest(log, PERIOD)
        kinds = {orjson.loads(state)["kind"]: state for state in states(log)}
    assert set(kinds) == {"incident", "evidence", "subject", "policy"}
    assert found.streams == 5
    said = b"".join(kinds.values())
    assert b"[sealed]" in said
    assert b"person:" in said
    for clear in (b"Mail is", b"ivo", b"hall.jpg", b"A claim is pending"):
        assert clear not in said


def states(log: Log) -> list[bytes]:
    """The states of all streams, as they are hashed."""
    streams = {decode(body).stream for _, body in bodies(log)}
    return [state_of(stream, history) for stream, history in log.raw_histories(streams).items()]


def test_it_stops_when_told_to(source: Settings) -> None:
    with closing(Log.open(source)) as log, pytest.raises(Stopped):
        digest(log, Period(), stop=lambda: True)


def test_a_log_with_a_gap_is_not_played(source: Settings) -> None:
    class Gapped:
        """A log that lost an event."""

        def __init__(self, log: Log) -> None:
            self.head, self.raw_histories = log.head, log.raw_histories
            self._log = log

        def raw_page(self, after: int, limit: int) -> list[tuple[int, bytes]]:
            return [each for each in self._log.raw_page(after, limit) if each[0] != 7]

    with (
        closing(Log.open(source)) as log,
        pytest.raises(Torn, match="no position 7"),
    ):
        digest(Gapped(log), Period())


def test_it_says_how_far_it_is(source: Settings) -> None:
    told: list[tuple[str, int, int]] = []
    with closing(Log.open(source)) as log:
        found = digest(log, Period(), progress=lambda *step: told.append(step))
    assert ("events", found.last, found.last) in told
    assert told[-1] == ("streams", found.streams, found.streams)
