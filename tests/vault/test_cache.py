"""What was used lately: found at once, and never more than there is room for."""

from hypothesis import given
from hypothesis import strategies as st

from tocsin.vault.cache import Recent


@given(st.lists(st.integers(0, 30)), st.integers(2, 20))
def test_it_keeps_what_is_in_use_and_no_more_than_its_limit(used: list[int], limit: int) -> None:
    recent: Recent[int, str] = Recent(limit)
    for number in used:
        if recent.get(number) is None:
            recent.put(number, str(number))
        assert len(recent) <= limit
        assert recent.get(number) == str(number)


@given(st.lists(st.integers(), unique=True, max_size=50), st.integers(2, 20))
def test_of_what_comes_once_it_keeps_the_latest(used: list[int], limit: int) -> None:
    recent: Recent[int, str] = Recent(limit)
    for number in used:
        recent.put(number, str(number))
    latest = used[-(limit // 2) :]
    assert [str(number) for number in latest] == [recent.get(number) for number in latest]


def test_what_is_wanted_together_is_there_together() -> None:
    recent: Recent[int, int] = Recent(4)
    recent.put_all({n: n for n in range(100)})
    assert [recent.get(n) for n in range(100)] == list(range(100))
    recent.put(100, 100)
    recent.put(101, 101)
    recent.put(102, 102)
    assert len(recent) <= 4


def test_what_was_forgotten_does_not_come_back() -> None:
    """Also for who was looking at that moment: what they found goes where nobody looks."""
    recent: Recent[int, int] = Recent(2)
    recent.put(1, 1)
    recent.put(2, 2)
    young = recent._young
    recent.clear()
    young[1] = 1
    assert recent.get(1) is None
    assert len(recent) == 0
