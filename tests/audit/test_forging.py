"""Forged checkpoints, proofs and exports: thousands here, a million by `scripts/ledger-fuzz`."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.audit import paper as kit
from tests.audit.forging import KINDS, Believed, Forger
from tests.audit.paper import Paper, header, sealed
from tests.ledger.kit import forged, key_of
from tocsin.audit import verify

CASES = 3_000
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@pytest.fixture(scope="module")
def forger(paper: Paper) -> Forger:
    return Forger(paper)


def test_thousands_of_forgeries_are_not_believed(forger: Forger) -> None:
    for number in range(CASES):
        forger.case(2, number)
    refused = sum(n for name, n in forger.counts.items() if not name.endswith("says the same"))
    assert {name.partition(":")[0] for name in forger.counts} == set(KINDS)
    assert refused > CASES * 0.8, "most of them say something else"


def test_a_forgery_that_were_believed_would_be_noticed(
    forger: Forger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has the key of the log can sign anything. The fuzzers know what is true."""
    note = forged(key_of(forger.paper.settings), 5, bytes(32))
    with pytest.raises(Believed):
        forger.note(note)
    body = forger.bodies[0].replace(b'"schema":1', b'"schema":2')
    lines = [line.replace(forger.bodies[0], body) for line in forger.exports[0]]
    assert forger.export(sealed(lines)) == "refused"
    monkeypatch.setattr(verify.Export, "compare", lambda *_: None)
    with pytest.raises(Believed):
        forger.export(sealed(lines))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_header_at_all_is_refused_or_says_the_same(paper: Paper, data: st.DataObject) -> None:
    raw = _WHOLE.setdefault(paper.key, paper.export(kit.whole))
    said = header(raw)
    name = data.draw(st.sampled_from([*said, *said["scope"]]))
    changed: Any = data.draw(ANY_JSON)
    other = {**said, name: changed} if name in said else {**said, "scope": {name: changed}}
    lines = [json.dumps(other).encode(), *raw.split(b"\n")[1:]]
    Forger(paper).export(sealed(lines, marks=False))


_WHOLE: dict[str, bytes] = {}


@given(text=st.text(alphabet="ab1\n \u2014+=A\ud800", max_size=60))
def test_any_text_at_all_is_no_checkpoint(text: str) -> None:
    with pytest.raises(verify.Unreadable):
        verify.note_of(text)
    with pytest.raises(verify.Unreadable):
        verify.key_of(text)
