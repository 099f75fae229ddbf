"""Is a proof refused that proves something else, a piece of one, or nothing of the kind?"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ledger import naive
from tests.ledger.test_merkle import BODIES, SIZES, root_of
from tocsin.ledger.merkle import (
    EMPTY,
    BadProof,
    leaf_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
)

HASHES = st.binary(min_size=32, max_size=32)


def damaged(path: list[bytes]) -> st.SearchStrategy[list[bytes]]:
    """A hash too many, too few, another one, or two in each other's place."""
    places = st.integers(0, max(len(path) - 1, 0))
    return st.one_of(
        st.tuples(places, HASHES).map(lambda at: [*path[: at[0]], at[1], *path[at[0] :]]),
        places.map(lambda at: [*path[:at], *path[at + 1 :]]),
        st.tuples(places, HASHES).map(lambda at: [*path[: at[0]], at[1], *path[at[0] + 1 :]]),
        st.permutations(path),
    )


@given(st.data(), SIZES)
def test_a_forged_proof_of_inclusion_is_refused(data: Any, size: int) -> None:
    index = data.draw(st.integers(0, size - 1))
    path = naive.path(index, BODIES[:size])
    honest = (leaf_hash(BODIES[index]), index, size, path, root_of(size))
    forged = list(honest)
    which = data.draw(st.sampled_from([0, 1, 3, 4]))
    forged[which] = data.draw(
        {0: HASHES, 1: st.integers(0, size + 9), 3: damaged(path), 4: HASHES}[which]
    )
    if forged == list(honest):
        return
    with pytest.raises(BadProof):
        verify_inclusion(*forged)


@given(st.data(), SIZES)
def test_a_forged_proof_of_consistency_is_refused(data: Any, size: int) -> None:
    old = data.draw(st.integers(1, size))
    path = naive.proof(old, BODIES[:size])
    honest = (old, size, root_of(old), root_of(size), path)
    forged = list(honest)
    which = data.draw(st.sampled_from([2, 3, 4]))
    forged[which] = data.draw({2: HASHES, 3: HASHES, 4: damaged(path)}[which])
    if forged == list(honest):
        return
    with pytest.raises(BadProof):
        verify_consistency(*forged)


def test_a_proof_that_passes_a_node_off_as_an_event_is_refused() -> None:
    """Events and nodes are hashed apart, so that a tree of two is not one of one."""
    left, right = map(leaf_hash, BODIES[:2])
    assert leaf_hash(left + right) != node_hash(left, right) == root_of(2)
    with pytest.raises(BadProof):
        verify_inclusion(leaf_hash(left + right), 0, 1, [], root_of(2))


@pytest.mark.parametrize("old", [1, 2, 3, 4, 5, 6, 7])
def test_a_proof_that_shows_two_histories_is_refused(old: int) -> None:
    """An operator who rewrote an old event cannot make the trees fit."""
    rewritten = [b"nicer", *BODIES[1:8]]
    path = naive.proof(old, rewritten)
    with pytest.raises(BadProof):
        verify_consistency(old, 8, root_of(old), naive.root(rewritten), path)


@pytest.mark.parametrize(
    ("old", "older", "size", "newer"),
    [
        (0, root_of(1), 5, root_of(5)),
        (0, EMPTY, 0, root_of(5)),
        (5, root_of(5), 5, root_of(6)),
        (6, root_of(6), 5, root_of(5)),
    ],
)
def test_a_proof_without_a_path_is_refused_unless_nothing_is_to_be_proved(
    old: int, older: bytes, size: int, newer: bytes
) -> None:
    with pytest.raises(BadProof):
        verify_consistency(old, size, older, newer, [])


def test_a_proof_of_an_enormous_tree_is_refused_at_once() -> None:
    for size in (1 << 62, 1 << 63, 1 << 100_000):
        with pytest.raises(BadProof):
            verify_inclusion(EMPTY, size - 1, size, [EMPTY] * 64, EMPTY)
        with pytest.raises(BadProof):
            verify_consistency(size - 1, size, EMPTY, EMPTY, [EMPTY] * 64)
    with pytest.raises(BadProof, match="up to 64 hashes"):
        verify_inclusion(EMPTY, 0, 1, [EMPTY] * 65, EMPTY)


@given(st.lists(st.sampled_from([
    None, True, -1, 0, 1, 2.0, "3", b"", "x" * 32, b"x" * 32, bytearray(32), {},
    [b"x" * 32], [None], ["x" * 32], iter([]), object(),
]), min_size=5, max_size=5))  # fmt: skip
def test_what_is_no_proof_at_all_is_refused_as_one(rubbish: list[Any]) -> None:
    for verify in (verify_inclusion, verify_consistency):
        with pytest.raises(BadProof):
            verify(*rubbish)
