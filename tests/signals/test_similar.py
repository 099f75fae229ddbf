"""The same problem told in other words is found, with the words that it was found by."""

from dataclasses import replace
from pathlib import Path

import bm25s
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.signals.problems import Problems, problem_of
from tocsin.signals import BadParameter, SimilarIncidents, Text, UnreadableIndex, shelf
from tocsin.signals.postings import K1, B
from tocsin.signals.terms import terms


def text(name: str, title: str, description: str = "", **more: str) -> Text:
    return Text(
        incident_id=name, reference=name.upper(), title=title, description=description, **more
    )


PAST = [
    text("a", "Database down", "ORA-00600 on srv-db-12 in the night", service="billing"),
    text("b", "Printer jams", "third floor", category="hardware"),
    text("c", "Billing is slow", "database answers late", service="billing"),
    text("d", "Cannot print", "printer shows an error", category="hardware"),
    text("e", "Login fails", "after the password was changed"),
]


def test_an_error_code_finds_the_incident_that_had_it() -> None:
    index = SimilarIncidents.build(PAST, position=17)
    (found, *_) = index.similar(text("x", "Crash", "ora-00600 again", service="billing"))
    assert ("a", "A", "Database down") == (found.incident_id, found.reference, found.title)
    assert {"ora-00600", "00600", "ora"} == {term for term, _ in found.terms[:3]}
    assert found.words == pytest.approx(sum(brought for _, brought in found.terms))
    assert found.score == pytest.approx(1.2 * found.words)
    assert (False, True, False) == (found.same_category, found.same_service, found.same_item)
    assert (5, 17) == (len(index), index.position)


def test_a_part_of_a_name_finds_less_than_the_whole_of_it() -> None:
    index = SimilarIncidents.build([*PAST, text("f", "Slow", "srv-db-13")])
    found = index.similar(text("x", "srv-db-12 does not answer"))
    assert ["a", "f"] == [each.incident_id for each in found[:2]]


def test_the_title_counts_more_than_the_description() -> None:
    past = [text("a", "network", "printer"), text("b", "printer", "network"), *PAST]
    found = SimilarIncidents.build(past).similar(text("x", "printer"), 2)
    assert "b" == found[0].incident_id
    assert found[0].score > found[1].score


def test_the_resolution_is_looked_through_too() -> None:
    past = [*PAST, text("f", "Outage", resolution="restarted the scheduler")]
    (found, *_) = SimilarIncidents.build(past).similar(text("x", "scheduler stands still"))
    assert "f" == found.incident_id


def test_an_incident_is_not_like_itself_and_without_a_shared_word_nothing_is_alike() -> None:
    index = SimilarIncidents.build(PAST)
    assert "a" not in {each.incident_id for each in index.similar(PAST[0])}
    assert () == index.similar(text("x", "zebra", service="billing"))
    assert () == index.similar(text("x", "")) == SimilarIncidents.build([]).similar(PAST[0])


def test_of_equals_the_newest_comes_first_and_no_more_than_asked_for() -> None:
    index = SimilarIncidents.build([text(f"{n}", "disk full") for n in range(30)])
    assert ["29", "28", "27"] == [m.incident_id for m in index.similar(text("x", "disk"), 3)]


def test_scores_are_those_of_the_library() -> None:
    """To the sixth digit, the index that bm25s makes of the same terms gives the same scores."""
    past = Problems(np.random.default_rng(50), 20).incidents(5)
    said = [terms(t.title) * 2 + terms(t.description) + terms(t.resolution) for t in past]
    theirs = bm25s.BM25(k1=K1, b=B, method="lucene")
    theirs.index(said, show_progress=False)
    index = SimilarIncidents.build(past)
    for asking in past[:20]:
        expected = theirs.get_scores(list(dict.fromkeys(terms(asking.title))))
        found = index.similar(
            replace(
                asking, incident_id="x", description="", category=None, service=None, item=None
            ),
            100,
        )
        order = {each.incident_id: n for n, each in enumerate(past)}
        scores = {order[m.incident_id]: m.score for m in found}
        assert {int(n) for n in np.flatnonzero(expected > 0)} == scores.keys()
        assert [scores[n] for n in sorted(scores)] == pytest.approx(
            [float(expected[n]) for n in sorted(scores)], rel=1e-5
        )


def test_an_index_that_was_extended_ranks_like_one_that_is_built_anew() -> None:
    """New incidents, new words of old ones, and a limit that leaves the oldest out."""
    past = Problems(np.random.default_rng(51), 30).incidents(10)
    told = [replace(each, resolution="exchanged the cable") for each in past[40:60]]
    grown = SimilarIncidents.build(past[:100], position=1, most=250)
    for n in range(100, 300, 50):
        grown = grown.extended(past[n : n + 50], position=n, most=250)
    grown = grown.extended(told, position=400, most=250)
    anew = SimilarIncidents.build([*past, *told], most=250)
    assert 250 == len(grown) == len(anew)
    assert set(grown.vocabulary) == set(anew.vocabulary)
    for asking in past[::7]:
        expected, found = anew.similar(asking), grown.similar(asking)
        assert [m.incident_id for m in expected] == [m.incident_id for m in found]
        assert [m.score for m in expected] == pytest.approx([m.score for m in found], rel=1e-5)


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(
            st.sampled_from("abcdefgh"),
            st.lists(st.sampled_from("disk full mail down net slow".split()), max_size=4),
        ),
        max_size=20,
    ),
    st.integers(0, 20),
    st.integers(1, 9),
)
def test_however_it_grew_an_index_is_the_same(
    said: list[tuple[str, list[str]]], cut: int, most: int
) -> None:
    past = [text(name, " ".join(words)) for name, words in said]
    grown = SimilarIncidents.build(past[:cut], most=most).extended(
        past[cut:], position=0, most=most
    )
    anew = SimilarIncidents.build(past, most=most)
    assert {t.incident_id for t in grown.facts} == {t.incident_id for t in anew.facts}
    asked = text("x", "disk mail slow")
    assert {(m.incident_id, round(m.score, 4)) for m in anew.similar(asked)} == {
        (m.incident_id, round(m.score, 4)) for m in grown.similar(asked)
    }


def test_an_index_is_kept_and_read_again(tmp_path: Path) -> None:
    index = SimilarIncidents.build(PAST, position=17)
    index.save(tmp_path / "new" / "similar.index")
    again = SimilarIncidents.load(tmp_path / "new" / "similar.index")
    assert (17, 5) == (again.position, len(again))
    asking = text("x", "printer error", category="hardware")
    assert index.similar(asking) == again.similar(asking) != ()
    assert ["similar.index"] == [each.name for each in (tmp_path / "new").iterdir()]
    more = again.extended([text("f", "Printer burns")], position=18)
    assert "f" in {each.incident_id for each in more.similar(asking)}


def test_a_file_that_is_no_index_says_so_and_the_way_out(tmp_path: Path) -> None:
    file = tmp_path / "similar.index"
    with pytest.raises(UnreadableIndex, match="build it anew"):
        SimilarIncidents.load(file)
    SimilarIncidents.build(PAST).save(file)
    whole = file.read_bytes()
    for damaged in (b"", b"{}", whole[: len(whole) // 2], whole.replace(b"Printer", b"Painter")):
        file.write_bytes(damaged)
        with pytest.raises(UnreadableIndex, match="build it anew"):
            SimilarIncidents.load(file)


def test_an_index_of_another_version_or_of_no_sense_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index, file = SimilarIncidents.build(PAST), tmp_path / "similar.index"
    with monkeypatch.context() as patch:
        patch.setattr(shelf, "FORMAT", 0)
        index.save(file)
    with pytest.raises(UnreadableIndex, match="made by another version: build it anew"):
        SimilarIncidents.load(file)
    replace(index, facts=index.facts[:-1]).save(file)
    with pytest.raises(UnreadableIndex, match="contradicts itself: build it anew"):
        SimilarIncidents.load(file)
    monkeypatch.setattr(shelf, "MOST_BYTES", 10)
    with pytest.raises(UnreadableIndex, match="larger than any index"):
        SimilarIncidents.load(file)


def test_an_index_never_goes_back() -> None:
    index = SimilarIncidents.build(PAST, position=17)
    with pytest.raises(BadParameter, match=r"^position: must not be before 17"):
        index.extended([], position=16)
    with pytest.raises(BadParameter, match=r"^most: must be from 1"):
        SimilarIncidents.build([], most=0)
    with pytest.raises(BadParameter, match=r"^limit: must be from 1 to 1,?000, not 0"):
        index.similar(PAST[0], 0)


def test_incidents_of_the_same_problem_are_found() -> None:
    """The figures of the page on signals: of 200 problems, twenty incidents each."""
    past = Problems(np.random.default_rng(1), 200).incidents(20)
    index = SimilarIncidents.build(past)
    hits = [
        [problem_of(m.incident_id) == problem_of(asking.incident_id) for m in index.similar(asking)]
        for asking in past[:400]
    ]
    assert all(len(each) == 10 for each in hits)
    top, first = np.mean(hits), np.mean([each[0] for each in hits])
    assert 0.67 == pytest.approx(top, abs=0.03)
    assert 0.94 == pytest.approx(first, abs=0.03)
