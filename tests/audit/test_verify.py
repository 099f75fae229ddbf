"""The verifier: whatever is wrong with a file is found, and named so that somebody can look."""

import json
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest

from tests.audit.paper import (
    FIRST,
    PARTS,
    Paper,
    altered,
    events,
    examined,
    header,
    lines,
    of,
    says,
    sealed,
    whole,
    with_header,
)
from tests.ledger.kit import forged, key_of
from tocsin.audit import verify
from tocsin.ledger.merkle import Frontier
from tocsin.ledger.vkeys import COSIGNATURE, Skey


@pytest.fixture
def raw(paper: Paper) -> bytes:
    """The whole log."""
    return paper.export(whole)


def test_an_altered_event_is_named_by_line_position_stream_and_version(
    paper: Paper, raw: bytes
) -> None:
    """Line 1 is the header, line 2 the marks of the events."""
    bad = altered(raw, 7, b'"schema":1', b'"schema":2')
    event = json.loads(lines(raw)[6])
    place = {name: event[name] for name in ("position", "stream", "version")}
    said = "this event is not as it was when the file was made"
    first, *rest = examined(bad, [paper.key])["wrong"]
    assert {"says": said, "line": 7, **place} == first
    assert len(rest) == 2, "its root, and the digest of the file"


@pytest.mark.parametrize("part", PARTS)
def test_a_forger_who_mends_marks_and_digest_still_has_the_wrong_root(
    paper: Paper, part: str
) -> None:
    raw = paper.export(PARTS[part])
    body = events(raw)[2]
    other = body.replace(b'"schema":1', b'"schema":2')
    bad = sealed([line.replace(body, other) for line in lines(raw)])
    (found,) = says(bad, paper.key)
    assert "has another root than the events here" in found


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda x: [*x[:5], *x[6:]], "position 4 should stand here"),
        (lambda x: [*x[:5], x[6], x[5], *x[7:]], "position 4 should stand here"),
        (lambda x: [*x[:6], *x[5:]], "position 4 cannot follow 4"),
        (lambda x: x[:-2], "events that the header names are missing at the end"),
        (lambda x: [*x[:5], b"{]", *x[5:]], "no event can stand here so"),
        (lambda x: [*x[:5], b"[" * 100_000, *x[5:]], "no event can stand here so"),
        (lambda x: [*x[:5], b'{"position":4,"position":4}', *x[5:]], "stands twice"),
        (lambda x: [*x[:5], b'{"position":4.0,"stream":"","version":4}', *x[5:]], "so: 'str'"),
        (lambda x: [*x[:5], b'{"position":-4,"stream":"","version":1}', *x[5:]], "follow 3"),
        (lambda x: [*x[:5], b"\xff", *x[5:]], "no event can stand here so"),
    ],
)  # fmt: skip
def test_what_is_missing_doubled_or_no_event_is_named(
    paper: Paper, raw: bytes, change: Callable[[list[bytes]], list[bytes]], expected: str
) -> None:
    """Also when everything that is not signed was made to fit."""
    found = says(sealed(change(lines(raw))), paper.key)
    assert any(expected in each for each in found), found


def test_a_version_that_is_missing_in_an_incident_is_named(paper: Paper) -> None:
    raw = paper.export(of(FIRST))
    body = events(raw)[2]
    found = says(sealed([line for line in lines(raw) if line != body]), paper.key)
    assert found[0] == "version 3 of its stream should stand here"
    assert "another root" in found[-1]


def test_an_event_of_something_else_in_an_incident_is_named(paper: Paper) -> None:
    scope = header(paper.export(of(FIRST)))["scope"]
    other = {**scope, "streams": scope["streams"][:1]}
    found = says(with_header(paper.export(of(FIRST)), scope=other), paper.key)
    assert "it is of a stream that the scope does not name" in found
    more = {**scope, "streams": [*scope["streams"], "another"]}
    found = says(with_header(paper.export(of(FIRST)), scope=more), paper.key)
    assert found == ["events that the header names are missing at the end"]


@pytest.mark.parametrize("cut", [1, 100, 2_000])
def test_a_file_that_was_cut_off_is_found(paper: Paper, raw: bytes, cut: int) -> None:
    assert any("its last line does not fit" in each for each in says(raw[:-cut], paper.key))
    assert any("its last line does not fit" in each for each in says(raw + b"\n", paper.key))


def test_of_a_file_full_of_faults_only_so_many_are_named(paper: Paper, raw: bytes) -> None:
    body = b"\n".join([lines(raw)[0], *([b"{}"] * 10_000)])
    assert verify.NAMED < len(says(body, paper.key)) < verify.NAMED + 9


def test_another_key_than_the_auditors_is_not_believed(paper: Paper, raw: bytes) -> None:
    other = str(Skey.new(paper.key.partition("+")[0]).vkey)
    found = says(raw, other)
    assert "is not signed for" in found[0]
    assert says(raw, other, paper.key) == []


def test_without_a_key_it_says_that_it_believes_the_file(raw: bytes) -> None:
    said = examined(raw)
    assert said["wrong"] == []
    assert [each.split(",")[0].split(" was")[0] for each in said["mind"]] == [
        "NO KEY OF YOURS",
        "NO CHECKPOINT OF YOURS",
    ]


def test_a_forged_signature_is_found(paper: Paper, raw: bytes) -> None:
    note = header(raw)["checkpoint"]
    text, _, _ = note.rpartition(" ")
    bad = f"{text} {b64encode(bytes(68)).decode()}\n"
    assert "is not signed for" in says(with_header(raw, checkpoint=bad), paper.key)[0]
    size = f"\n{paper.size}\n"
    assert size in note
    other = note.replace(size, f"\n{paper.size + 1}\n")
    assert any(
        "is not signed for" in x for x in says(with_header(raw, checkpoint=other), paper.key)
    )


def test_a_wrong_signature_beside_a_right_one_is_not_passed_over(paper: Paper, raw: bytes) -> None:
    """Whoever holds both keys and signs with one of them wrongly has something to explain."""
    second = Skey.new(paper.key.partition("+")[0])
    wrong = f"\u2014 {second.vkey.name} {b64encode(second.vkey.key_id + bytes(64)).decode()}\n"
    bad = with_header(raw, checkpoint=header(raw)["checkpoint"] + wrong)
    assert says(bad, paper.key) == []
    assert "is not signed for" in says(bad, paper.key, str(second.vkey))[0]


def test_a_history_that_was_rewritten_and_signed_again_is_found_by_a_held_checkpoint(
    paper: Paper, raw: bytes
) -> None:
    """The operator has the key. Alone, such a file is in order: that is what it cannot prove."""
    rewritten = events(raw)
    rewritten[4] = rewritten[4].replace(b'"schema":1', b'"schema":2')
    tree = Frontier()
    tree.extend(rewritten)
    note = forged(key_of(paper.settings), tree.size, tree.root())
    said = {**header(raw), "checkpoint": note, "checkpoints": [], "sizes": []}
    bad = sealed([json.dumps(said).encode(), *rewritten])
    assert says(bad, paper.key) == []
    assert "NO CHECKPOINT OF YOURS" in examined(bad, [paper.key])["mind"][0]
    found = says(bad, paper.key, held=paper.held)
    assert len(found) == 4
    assert all("has another root" in each for each in found)


def test_a_log_that_was_cut_and_signed_again_is_found_by_a_held_checkpoint(
    paper: Paper, raw: bytes
) -> None:
    kept = events(raw)[:-3]
    tree = Frontier()
    tree.extend(kept)
    note = forged(key_of(paper.settings), tree.size, tree.root())
    bad = sealed([json.dumps({**header(raw), "checkpoint": note, "sizes": []}).encode(), *kept])
    assert says(bad, paper.key) == []
    (found,) = says(bad, paper.key, held=paper.held)
    assert f"your checkpoint of {paper.size} events is longer than the log here" in found


def test_a_held_checkpoint_that_a_part_does_not_reach_is_said(paper: Paper) -> None:
    tree = Frontier()
    tree.extend(paper.bodies()[:2])
    note = forged(key_of(paper.settings), 2, tree.root())
    (found,) = says(paper.export(of(FIRST)), paper.key, held=[note])
    assert "is not covered: have the export made with --held" in found
    assert says(paper.export(of(FIRST), held=[2]), paper.key, held=[note]) == []
    assert says(paper.export(whole), paper.key, held=[note]) == []


def test_a_held_checkpoint_of_another_log_or_key_is_not_taken_for_ours(
    paper: Paper, raw: bytes
) -> None:
    root = Frontier().root()
    for skey in (Skey.new("example.com/other"), Skey.new(paper.key.partition("+")[0])):
        (found,) = says(raw, paper.key, held=[forged(skey, 0, root)])
        assert "is not signed for" in found
    ours = forged(key_of(paper.settings), 0, root)
    assert says(raw, paper.key, held=[ours]) == []


def test_a_witness_that_did_not_sign_is_missed(paper: Paper, raw: bytes) -> None:
    other = str(Skey.new("witness.example/w2", COSIGNATURE).vkey)
    (found,) = examined(raw, [paper.key], witnesses=[other])["wrong"]
    assert found["says"] == "no checkpoint here is signed by the witness 'witness.example/w2'"


@pytest.mark.parametrize(
    "changed",
    [
        {"tocsin-audit": 2}, {"scope": None}, {"scope": {"kind": "some"}}, {"scope": {}},
        {"scope": {"kind": "incident"}}, {"scope": {"kind": "period", "first": "1"}},
        {"proof": [7]}, {"proof": ["AA=="]}, {"proof": None}, {"checkpoint": "a\n1\n"},
        {"checkpoint": None}, {"checkpoints": ["x"]}, {"keys": ["x"]}, {"keys": 3},
        {"sizes": 3}, {"attestations": [3]}, {"checkpoint": "\ud800\n1\n" + "A" * 43 + "=\n\n"},
    ],
)  # fmt: skip
def test_what_is_no_header_is_said_to_be_none(raw: bytes, changed: dict[str, Any]) -> None:
    with pytest.raises(verify.Unreadable, match="line 1 is no header"):
        examined(with_header(raw, **changed))


@pytest.mark.parametrize("sizes", [[-1, 1.0, True, None, [], {}, 10**9, "3"], [3, 9]])
def test_sizes_that_are_none_are_left_alone(raw: bytes, sizes: list[Any]) -> None:
    assert examined(with_header(raw, sizes=sizes))["wrong"] == []


def test_a_proof_with_more_or_fewer_hashes_is_refused(paper: Paper) -> None:
    raw = paper.export(of(FIRST))
    proof = header(raw)["proof"]
    for other in (proof[:-1], [], [*proof, proof[0]], proof[::-1]):
        assert says(with_header(raw, proof=other), paper.key)
