"""What the data ask: each question is raised by its figures, and not without them."""

from datetime import date

import pytest

from tests.brief.kit import DESK, NETWORK, asked, begun, brief, x
from tests.brief.test_story import update
from tests.clock.kit import MATRIX, Life, held, prioritised, published, sla
from tocsin.brief.surroundings import Recurrence, Surroundings, Trending
from tocsin.brief.times import Norm
from tocsin.domain.incident import events as e
from tocsin.domain.incident.values import Fact, LinkKind, Source
from tocsin.domain.kernel import replace

QUIET = begun().on("10:00", x.CAUSE).on("11:00", x.RESOLVED)


def alarmed(life: Life) -> Life:
    """The same incident, found by monitoring."""
    first, *rest = life.history
    assert isinstance(first.event, e.IncidentReported)
    event = replace(first.event, source=Source.MONITORING)
    return replace(life, history=(replace(first, event=event), *rest))


def test_an_incident_without_a_blemish_raises_no_question() -> None:
    assert brief(alarmed(QUIET)).questions == ()


def test_users_who_told_us_first_raise_the_question_of_what_would_have() -> None:
    (question,) = asked(brief(QUIET), "detection")
    assert question.because == "It became known by a report of a user."


def test_an_impact_that_began_after_it_was_noticed_is_doubted() -> None:
    first, *rest = alarmed(QUIET).history
    assert isinstance(first.event, e.IncidentReported)
    event = replace(first.event, impact_began_at=QUIET.at("09:30"))
    life = replace(QUIET, history=(replace(first, event=event), *rest))
    (question,) = asked(brief(life), "detection")
    assert question.question == "Is the beginning of the impact right?"


@pytest.mark.parametrize(
    ("percentile", "incidents", "times"), [(90, 20, 1), (89, 20, 0), (99, 19, 0)]
)
def test_only_what_was_slow_against_a_norm_is_asked_about(
    percentile: int, incidents: int, times: int
) -> None:
    norm = Norm({"priority": "3"}, incidents, percentile, 1_800, 3_600)
    told = brief(QUIET, around=Surroundings(norms={"resolution": norm}))
    found = asked(told, "resolution")
    assert len(found) == times
    assert all(
        each.because == f"It took 2 h; with {percentile} of 100 incidents of its kind it took no "
        f"longer, with half of them 30 min at most ({incidents} incidents)."
        for each in found
    )


def test_a_missed_target_is_asked_about_with_what_paused_it() -> None:
    rules = published(MATRIX + sla("Fast", "1h", 'pause = ["awaiting-caller"]'), before=(1,))
    life = Life(rules).on("09:00", x.REPORTED, x.LOGGED, prioritised(3), DESK, x.ACKNOWLEDGED)
    life = life.on("09:30", held()).on("10:00", x.RESUMED).on("11:00", x.RESOLVED)
    (question,) = asked(brief(life), "service levels")
    assert question == (
        "service levels",
        "What would have kept “Fast”?",
        (
            "Its time of 1 h was used up at 2026-03-02 10:30 UTC; 1 h 30 min were spent in the "
            "end, 30 min on hold."
        ),
    )


def test_a_gap_is_asked_about_with_its_length() -> None:
    life = begun(1).on("10:10", x.CAUSE, x.RESOLVED)
    (question,) = asked(brief(life), "timeline")
    assert question.question == "What happened between 2026-03-02 09:10 and 2026-03-02 10:10 UTC?"
    assert question.because == "Nothing is on record for 1 h, after: Acknowledged."


def test_many_hand_offs_are_told_as_a_way() -> None:
    life = begun()
    for hour, group in enumerate(("network", "mail", "storage"), 10):
        life = life.on(f"{hour}:00", e.IncidentAssigned(group=group))
    (question,) = asked(brief(life), "hand-offs")
    assert question.because == "It was handed off 3 times: desk → network → mail → storage."
    fewer = replace(life, history=life.history[:-1])
    assert asked(brief(fewer), "hand-offs") == []


def test_what_came_back_lacked_something() -> None:
    life = begun().on("10:00", NETWORK).on("10:20", DESK)
    (question,) = asked(brief(life), "hand-offs")
    assert question.question == "What was missing when it left desk?"
    assert question.because == "It came back from network after 20 min."


def test_waiting_is_asked_about_from_half_of_the_time_on() -> None:
    life = begun().on("10:00", held()).on("11:00", x.RESUMED, x.RESOLVED)
    (question,) = asked(brief(life), "waiting")
    assert question.because == "1 h of the 2 h that it was open."
    longer = begun().on("10:00", held()).on("11:00", x.RESUMED).on("11:01", x.RESOLVED)
    assert asked(brief(longer), "waiting") == []


def test_updates_that_were_late_or_never_came_are_asked_about_together() -> None:
    life = begun().on("10:00", update("a", "11:00")).on("11:30", update("b", "12:00"))
    (question,) = asked(brief(life, "14:00"), "communication")
    assert question.because == (
        "Promised updates that came late: 1; that never came: 1. The longest wait was 2 h too long."
    )


def test_a_major_incident_of_which_nobody_was_told_is_asked_about() -> None:
    (question,) = asked(brief(begun().on("10:00", x.MAJOR)), "communication")
    assert question.question == "Who was told, and how?"


def test_a_slow_approval_is_asked_about() -> None:
    life = begun().on("10:00", x.PROPOSED)
    (question,) = asked(brief(life.on("10:30", x.APPROVED)), "workarounds")
    assert question.question == "Could W1 have been approved sooner?"
    assert asked(brief(life.on("10:29", x.APPROVED)), "workarounds") == []


def test_a_known_error_without_a_workaround_is_asked_about() -> None:
    known = e.IncidentLinked(kind=LinkKind.KNOWN_ERROR, target="KE1")
    assert len(asked(brief(begun().on("10:00", known)), "workarounds")) == 1
    assert asked(brief(begun().on("10:00", known, x.PROPOSED)), "workarounds") == []


def test_a_resolution_that_did_not_hold_is_asked_about_with_its_tests() -> None:
    life = QUIET.on("12:00", x.REOPENED)
    (question,) = asked(brief(life), "resolution")
    assert question.because == ("It was reopened once, without a test of the resolution on record.")
    tested = QUIET.on("11:10", x.TESTED).on("12:00", x.REOPENED)
    (question,) = asked(brief(tested), "resolution")
    assert "with a test" in question.because


def test_what_is_resolved_without_a_cause_has_one_still_to_be_found() -> None:
    assert len(asked(brief(begun().on("11:00", x.RESOLVED)), "cause")) == 1
    assert asked(brief(begun()), "cause") == []


@pytest.mark.parametrize(("satisfaction", "times"), [(2, 1), (3, 0), (None, 0)])
def test_the_dissatisfied_are_heard(satisfaction: int | None, times: int) -> None:
    said = e.ResolutionConfirmed(confirmed_by="ann", satisfaction=satisfaction)
    assert len(asked(brief(QUIET.on("12:00", said)), "satisfaction")) == times


def test_a_cluster_without_a_problem_record_is_asked_about() -> None:
    cluster = Recurrence(
        service="mail", item=None, category="messaging", incidents=4, window_days=30,
        expected="0.40", references=("INC1", "INC2"), linked_to_problem=False,
    )  # fmt: skip
    (question,) = asked(brief(QUIET, around=Surroundings(recurring=cluster)), "recurrence")
    assert question.because.startswith("4 with the same service, item and category in 30 days")
    linked = replace(cluster, linked_to_problem=True)
    assert asked(brief(QUIET, around=Surroundings(recurring=linked)), "recurrence") == []


def test_what_is_trending_is_asked_about_in_the_words_that_justify_it() -> None:
    rise = Trending(
        dimension="category", value="mail", kind="rising", since=date(2026, 2, 1), words="9 for 3"
    )
    (question,) = asked(brief(QUIET, around=Surroundings(trending=(rise,))), "trend")
    assert question == ("trend", "Why is category mail rising?", "9 for 3")


def test_late_entries_and_corrections_are_asked_about() -> None:
    life = begun()
    for minute in (20, 30, 40):
        life = life.on(f"09:{minute}", x.NOTED, known="11:00")
    (question,) = asked(brief(life), "record")
    assert question.because == (
        "3 entries were made later than they happened, the latest 1 h 40 min later."
    )
    now = life.at("10:00").isoformat()
    fixed = e.IncidentCorrected(fact=Fact.DETECTED_AT, was=None, now=now, reason="Typo")
    *_, second = asked(brief(life.on("12:00", fixed)), "record")
    assert second.because == "Corrected later: detected_at."
