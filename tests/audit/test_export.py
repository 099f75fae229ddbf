"""An export: the very bytes that are stored, and a proof that the verifier accepts."""

import json
from array import array
from base64 import b64decode
from datetime import timedelta
from io import BytesIO
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.audit.paper import (
    FIRST,
    MARCH_FIRST_WEEK,
    PARTS,
    STREAMS,
    TOKEN,
    Paper,
    events,
    examined,
    header,
    of,
    whole,
)
from tests.ledger.kit import NOW
from tocsin.audit.chosen import NothingToProve, Watched, everything, of_incidents, recorded_in
from tocsin.audit.export import thinned, write
from tocsin.audit.proofs import between
from tocsin.domain.clock.happening import clock_stream
from tocsin.domain.subject.values import texts_stream
from tocsin.exports.selection import Stopped
from tocsin.ledger.merkle import Frontier, leaf_hash, node_hash
from tocsin.replaying.period import Period
from tocsin.store.log import Log
from tocsin.store.tree import Checkpoint


@pytest.mark.parametrize("part", PARTS)
def test_every_kind_of_export_is_found_right(paper: Paper, part: str) -> None:
    """Under the key, beside all earlier checkpoints, and without a key of the auditor's."""
    raw = paper.export(PARTS[part], held=[1, 9])
    said = examined(raw, [paper.key], paper.held)
    assert (said["wrong"], len(said["held"]), said["earlier"]) == ([], 4, 3)
    assert examined(raw)["wrong"] == []


def test_the_whole_log_is_every_stored_byte_and_needs_no_proof(paper: Paper) -> None:
    raw = paper.export(whole)
    assert paper.bodies() == events(raw)
    assert (header(raw)["proof"], header(raw)["events"]) == ([], paper.size)


def test_an_incident_brings_its_clock_and_what_was_forgotten_of_it(paper: Paper) -> None:
    raw = paper.export(of(FIRST))
    incident = STREAMS[FIRST]
    expected = {incident, clock_stream(incident), texts_stream(incident)}
    assert {str(each) for each in expected} == set(header(raw)["scope"]["streams"])
    assert {str(each) for each in expected} == {json.loads(x)["stream"] for x in events(raw)}
    said = examined(raw, [paper.key])
    assert [each["data"]["request"] for each in said["forgotten"]] == ["DSR-7"]
    assert (said["streams"], said["sealed"] > 0) == (3, True)


def test_a_period_leaves_out_nothing_between_its_first_and_last_event(paper: Paper) -> None:
    raw = paper.export(PARTS["period"])
    scope = header(raw)["scope"]
    positions = [json.loads(body)["position"] for body in events(raw)]
    assert list(range(scope["first"], scope["last"] + 1)) == positions
    times = [json.loads(body)["recorded_at"] for body in paper.bodies()]
    inside = [n for n, at in enumerate(times, 1) if "2026-03-02T08" <= at < "2026-03-09T08"]
    assert (inside[0], inside[-1]) == (scope["first"], scope["last"])


def test_what_was_stamped_goes_along_with_its_note(paper: Paper) -> None:
    stamp, *rest = header(paper.export(of(FIRST)))["attestations"]
    assert (rest, stamp["kind"], stamp["note"]) == ([], "timestamp", paper.held[2])
    assert b64decode(stamp["body"]) == TOKEN


def test_a_witness_is_believed_for_what_it_signed(paper: Paper) -> None:
    raw = paper.export(whole)
    said = examined(raw, [paper.key], witnesses=[paper.witness])
    ((size, moment),) = said["witnesses"]["witness.example/w1"]
    assert (said["wrong"], said["mind"], moment) == ([], [], 1_772_366_400)
    assert f"\n{size}\n" in paper.held[1]


def test_nothing_is_exported_of_a_time_when_nothing_was_recorded(paper: Paper) -> None:
    log = Log.open(paper.settings)
    long_ago = MARCH_FIRST_WEEK.since
    assert long_ago is not None
    with pytest.raises(NothingToProve, match="Nothing was recorded"):
        recorded_in(log, Period(until=long_ago - timedelta(days=99)), paper.size)
    with pytest.raises(NothingToProve, match="No checkpoint covers"):
        of_incidents(log, {"INC0000004": STREAMS["INC0000004"]}, 3)
    log.close()


def test_who_wants_no_more_of_it_is_heard(paper: Paper) -> None:
    log = Log.open(paper.settings)
    checkpoint = log.latest_checkpoint()
    assert checkpoint is not None
    told: list[tuple[int, int]] = []
    watched = Watched(lambda done, total: told.append((done, total)), lambda: True)
    with pytest.raises(Stopped):
        write(log, everything(paper.size), checkpoint, BytesIO(), watched=watched)
    with pytest.raises(Stopped):
        recorded_in(log, MARCH_FIRST_WEEK, paper.size, watched)
    assert told == [(paper.size, paper.size)] * 2
    log.close()


def test_of_many_checkpoints_the_first_the_last_and_one_a_day_go_along() -> None:
    hours = [
        Checkpoint(size, "", NOW + timedelta(hours=size)) for size in range(1, 1_000)
    ]  # six weeks
    kept = [each.size for each in thinned(hours, 100, [500])]
    assert (kept[0], kept[-1], 500 in kept) == (1, 999, True)
    assert len({(NOW + timedelta(hours=size)).date() for size in kept}) == 43
    few = [each.size for each in thinned(hours, 10)]
    assert (len(few), few[0], few[-1]) == (10, 1, 999)


@given(st.data(), st.integers(1, 70))
def test_a_proof_is_as_short_as_it_can_be(data: st.DataObject, size: int) -> None:
    """It splits the other leaves into whole subtrees of none of these, none of which could be
    joined with its neighbour without crossing a size that matters."""
    chosen = sorted(data.draw(st.sets(st.integers(1, size))))
    cuts = data.draw(st.sets(st.integers(0, size + 3), max_size=3))
    ranges = list(between(array("Q", chosen), size, cuts))
    leaves = [leaf for first, end in ranges for leaf in range(first, end)]
    assert sorted(set(range(size)) - {position - 1 for position in chosen}) == leaves
    for first, end in ranges:
        assert not any(first < cut < end for cut in cuts if cut < size)
        assert not first & ((1 << (end - first - 1).bit_length()) - 1)
    for (first, middle), (other, end) in pairwise(ranges):
        both = 2 * (middle - first)
        if middle == other and not first % both and end == min(first + both, size):
            assert middle in cuts


def test_a_range_is_as_good_as_its_numbers() -> None:
    for first in range(1, 20):
        for last in range(first, 20):
            one = list(between(range(first, last + 1), 19, [7]))
            assert one == list(between(array("Q", range(first, last + 1)), 19, [7]))
    whole_tree = Frontier()
    whole_tree.extend([b"a", b"b"])
    assert node_hash(leaf_hash(b"a"), leaf_hash(b"b")) == whole_tree.root()
