"""Is it the tree of RFC 6962, with its roots and its proofs?"""

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ledger import naive
from tocsin.ledger.merkle import (
    EMPTY,
    BadProof,
    Frontier,
    complete_subtrees,
    consistency_path,
    inclusion_path,
    inclusion_ranges,
    leaf_hash,
    range_hash,
    verify_consistency,
    verify_inclusion,
)

MOST = 300
BODIES = [b"event %d" % number for number in range(MOST)]
SIZES = st.integers(1, MOST)

REFERENCE = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
"""The eight entries of the reference implementation of Certificate Transparency."""
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAF_2 = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
LEAF_5 = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
LEAVES_3_4 = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
LEAVES_5_6 = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
LEAVES_7_8 = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
LEAVES_5_8 = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
INCLUSION = {
    (0, 1): [],
    (0, 8): [LEAF_2, LEAVES_3_4, LEAVES_5_8],
    (5, 8): [LEAF_5, LEAVES_7_8, ROOTS[4]],
    (2, 3): [ROOTS[2]],
    (1, 5): [ROOTS[1], LEAVES_3_4, LEAF_5],
}
CONSISTENCY = {
    (1, 1): [],
    (1, 8): [LEAF_2, LEAVES_3_4, LEAVES_5_8],
    (6, 8): [LEAVES_5_6, LEAVES_7_8, ROOTS[4]],
    (2, 5): [LEAVES_3_4, LEAF_5],
}


def source(bodies: list[bytes]) -> Callable[[int, int], bytes]:
    """Every complete subtree, by the definition of the RFC."""

    def node(height: int, number: int) -> bytes:
        first, end = number << height, (number + 1) << height
        assert end <= len(bodies), "only complete subtrees are known"
        return naive.root(bodies[first:end])

    return node


@cache
def root_of(size: int) -> bytes:
    return naive.root(BODIES[:size])


class TestTheReferenceVectors:
    @pytest.mark.parametrize("size", range(9))
    def test_have_these_roots(self, size: int) -> None:
        frontier = Frontier()
        frontier.extend(REFERENCE[:size])
        assert frontier.root().hex() == ROOTS[size]

    @pytest.mark.parametrize(("index", "size"), INCLUSION)
    def test_have_these_inclusion_proofs(self, index: int, size: int) -> None:
        path = inclusion_path(index, size, source(REFERENCE))
        assert [each.hex() for each in path] == INCLUSION[index, size]
        root = bytes.fromhex(ROOTS[size])
        verify_inclusion(leaf_hash(REFERENCE[index]), index, size, path, root)
        with pytest.raises(BadProof):
            verify_inclusion(leaf_hash(b"another"), index, size, path, root)

    @pytest.mark.parametrize(("old", "size"), CONSISTENCY)
    def test_have_these_consistency_proofs(self, old: int, size: int) -> None:
        path = consistency_path(old, size, source(REFERENCE))
        assert [each.hex() for each in path] == CONSISTENCY[old, size]
        older, root = (bytes.fromhex(ROOTS[each]) for each in (old, size))
        verify_consistency(old, size, older, root, path)
        with pytest.raises(BadProof):
            verify_consistency(old, size, EMPTY, root, path)


class TestTheFrontier:
    def test_has_the_root_of_the_definition_at_every_size(self) -> None:
        frontier = Frontier()
        assert frontier.root() == EMPTY
        for size, body in enumerate(BODIES, 1):
            frontier.append(leaf_hash(body))
            assert frontier.root() == root_of(size), size
            assert len(frontier.hashes) == size.bit_count()

    @given(st.lists(st.integers(0, 60), max_size=8))
    def test_does_not_notice_in_which_portions_it_grew(self, portions: list[int]) -> None:
        frontier, completed, size = Frontier(), [], 0
        for portion in portions:
            completed += frontier.extend(BODIES[size : size + portion])
            size = min(size + portion, MOST)
        whole = Frontier()
        assert whole.extend(BODIES[:size]) == completed
        assert (whole.size, whole.hashes) == (size, frontier.hashes)

    def test_tells_of_each_larger_subtree_when_it_is_complete(self) -> None:
        """Heights 4 and 8, and nothing between: sixteen neighbours make the next one kept."""
        frontier, known = Frontier(), source(BODIES)
        for size, body in enumerate(BODIES, 1):
            told = frontier.append(leaf_hash(body))
            heights = [height for height in (4, 8) if not size % (1 << height)]
            places = [(height, (size >> height) - 1) for height in heights]
            assert told == [(*place, known(*place)) for place in places]

    @given(SIZES)
    def test_goes_on_from_its_bytes(self, size: int) -> None:
        frontier = Frontier()
        frontier.extend(BODIES[:size])
        again = Frontier.from_bytes(size, frontier.to_bytes())
        for each in (frontier, again):
            each.extend([b"next"])
        assert again.root() == frontier.root()

    def test_copied_grows_by_itself(self) -> None:
        frontier = Frontier()
        frontier.extend(BODIES[:5])
        frontier.copy().extend(BODIES[5:9])
        assert frontier.root() == root_of(5)

    @pytest.mark.parametrize(("size", "data"), [(3, 32), (3, 65), (0, 1), (4, 31), (-1, 0)])
    def test_is_not_made_from_bytes_of_another_size(self, size: int, data: int) -> None:
        with pytest.raises(ValueError, match="frontier"):
            Frontier.from_bytes(size, bytes(data))

    def test_takes_no_event_for_the_hash_of_one(self) -> None:
        with pytest.raises(ValueError, match="32 bytes, not 7"):
            Frontier().append(b"an event"[:7])


class TestAProof:
    @given(st.data(), SIZES)
    def test_of_inclusion_is_that_of_the_definition(self, data: Any, size: int) -> None:
        index = data.draw(st.integers(0, size - 1))
        path = inclusion_path(index, size, source(BODIES[:size]))
        assert path == naive.path(index, BODIES[:size])
        verify_inclusion(leaf_hash(BODIES[index]), index, size, path, root_of(size))

    @given(st.data(), SIZES)
    def test_of_consistency_is_that_of_the_definition(self, data: Any, size: int) -> None:
        old = data.draw(st.integers(1, size))
        path = consistency_path(old, size, source(BODIES[:size]))
        assert path == naive.proof(old, BODIES[:size])
        verify_consistency(old, size, root_of(old), root_of(size), path)

    @pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 9, 16, 17])
    def test_holds_for_every_leaf_and_every_older_tree(self, size: int) -> None:
        node = source(BODIES[:size])
        for index in range(size):
            path = inclusion_path(index, size, node)
            verify_inclusion(leaf_hash(BODIES[index]), index, size, path, root_of(size))
        for old in range(size + 1):
            older = root_of(old)
            verify_consistency(old, size, older, root_of(size), consistency_path(old, size, node))

    @pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (-1, 5)])
    def test_is_not_made_for_a_leaf_that_is_not_there(self, index: int, size: int) -> None:
        with pytest.raises(ValueError, match="has no leaf"):
            inclusion_ranges(index, size)

    @pytest.mark.parametrize(("old", "size"), [(6, 5), (-1, 5)])
    def test_is_not_made_for_a_tree_that_never_was(self, old: int, size: int) -> None:
        with pytest.raises(ValueError, match="never had"):
            consistency_path(old, size, source(BODIES))

    @pytest.mark.parametrize("leaves", [(0, 0), (3, 3), (4, 3), (1, 3), (4, 12), (-2, 0)])
    def test_asks_for_no_subtree_that_no_tree_has(self, leaves: tuple[int, int]) -> None:
        with pytest.raises(ValueError, match="no subtree has"):
            range_hash(leaves, source(BODIES))

    @given(SIZES)
    def test_takes_a_tree_apart_into_complete_subtrees(self, size: int) -> None:
        parts = list(complete_subtrees((0, size)))
        assert sum(1 << height for height, _ in parts) == size
        assert range_hash((0, size), source(BODIES)) == root_of(size)
