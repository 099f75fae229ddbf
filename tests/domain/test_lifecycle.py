"""Whatever people ask, in whatever order: what holds for every incident."""

from datetime import datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.domain import examples as x
from tests.domain.kit import MONDAY, NOW, STREAM, Told, at, incident, recorded
from tests.domain.strategies import ANY_COMMAND, ANY_EVENT, TIMES
from tocsin.domain.incident.events import IncidentEvent
from tocsin.domain.incident.refusals import NotPossibleWhile
from tocsin.domain.incident.state import INCIDENT, Incident
from tocsin.domain.incident.values import OPEN, Status
from tocsin.domain.incident.words import words
from tocsin.domain.kernel import COMMANDS, Claim, Command, Recorded, Refused
from tocsin.domain.policy import DEFAULT_POLICY, Policy

CAREFUL = Policy(version=2, confirmation_required=True)
BEGINNINGS: list[tuple[IncidentEvent, ...]] = [
    *((), (x.REPORTED,), x.NEW, (*x.NEW, x.PROPOSED), (*x.NEW, x.ASKED, x.MAJOR, x.LINKED)),
    *(x.IN_PROGRESS, x.IS_RESOLVED, x.IS_CLOSED, (*x.NEW, x.CANCELLED)),
]


def decided(
    command: Command[Any], state: Incident, policy: Policy = DEFAULT_POLICY
) -> tuple[IncidentEvent, ...]:
    """What is recorded, after a look whether the list of the possible told the truth.

    What is not listed records nothing; what is listed is not refused for the status.
    """
    listed = command.path in state.possible()
    try:
        events = tuple(command.decide(state, policy))
    except Refused as no:
        for_the_status = isinstance(no, NotPossibleWhile)
        assert (for_the_status and listed) is False
        return ()
    assert listed or not events
    return events


class AnyLifecycle(RuleBasedStateMachine):
    """An incident keeps its promises."""

    def __init__(self) -> None:
        super().__init__()
        self.past: list[Recorded[IncidentEvent]] = []
        self.state = INCIDENT.initial(STREAM)
        self.held: set[tuple[str, str]] = set()

    @initialize(history=st.sampled_from(BEGINNINGS))
    def begin(self, history: tuple[IncidentEvent, ...]) -> None:
        for event in history:
            self.record(event, "dana", MONDAY)

    @rule(command=ANY_COMMAND, policy=st.sampled_from([DEFAULT_POLICY, CAREFUL]))
    def ask_twice(self, command: Command[Any], policy: Policy) -> None:
        self.ask(command, policy)
        before = list(self.past)
        self.ask(command, policy)
        assert before == self.past, "asking again changes nothing"

    def ask(self, command: Command[Any], policy: Policy) -> None:
        """Record all that is decided, or nothing, as the desk does."""
        assert command.actor is not None
        for event in decided(command, self.state, policy):
            self.record(event, command.actor, NOW)

    def record(self, event: IncidentEvent, actor: str, time: datetime) -> None:
        for claim in INCIDENT.claims(self.state, event):
            self.settle(claim)
        envelope = recorded(self.state.version + 1, Told(event, by=actor, at=time))
        self.past.append(envelope)
        self.state = INCIDENT.evolve(self.state, envelope)

    def settle(self, claim: Claim) -> None:
        name = (claim.kind, claim.key)
        assert (name in self.held) is not claim.take, "nothing is taken or given back twice"
        self.held ^= {name}

    @invariant()
    def the_state_is_the_fold_of_what_was_recorded(self) -> None:
        assert INCIDENT.fold(STREAM, self.past) == self.state
        assert self.state.version == len(self.past)

    @invariant()
    def a_deduplication_key_is_held_while_it_is_open(self) -> None:
        key = self.state.dedup_key
        wanted = key is not None and self.state.status in OPEN
        assert (("dedup", key) in self.held) is wanted

    @invariant()
    def the_status_and_the_times_agree(self) -> None:
        state = self.state
        finished = (Status.RESOLVED, Status.CLOSED)
        assert (state.resolved_at is not None) is (state.status in finished)
        assert (state.closed_at is not None) is (state.status is Status.CLOSED)
        assert (state.hold_reason is not None) is (state.status is Status.ON_HOLD)
        assert state.mitigated_at is not None or state.resolved_at is None
        if state.status not in (Status.UNREPORTED, Status.REPORTED, Status.DISMISSED):
            assert state.reference is not None or state.status is Status.CANCELLED


TestAnyLifecycle = AnyLifecycle.TestCase
TestAnyLifecycle.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)

TOLD = st.builds(at, TIMES, ANY_EVENT)


@given(st.lists(TOLD, max_size=30))
def test_any_history_from_elsewhere_is_read(history: list[Told]) -> None:
    """Steps may be missing, doubled or out of order, and times may go back: what happened,
    happened. The version counts it, it reads as sentences, and what is possible can be said."""
    after = incident(*history)
    assert after.version == len(history)
    assert all(words(told.event) for told in history)
    assert set(after.possible()) <= {path for _, path in COMMANDS}
    for told in history:
        assert all(claim.key for claim in INCIDENT.claims(after, told.event))


@given(st.lists(TOLD, max_size=20), ANY_COMMAND)
def test_after_any_history_the_list_of_the_possible_is_true(
    history: list[Told], command: Command[Any]
) -> None:
    """Also where the lifecycle of ours would never have led."""
    state = incident(*history)
    events = decided(command, state)
    assert events == decided(command, state), "the same answer for the same question"


def test_what_is_possible_is_told_in_full() -> None:
    """Somebody who is refused at three in the morning reads this list."""
    assert incident(*x.IS_CLOSED).possible() == ("correct", "link", "post-update", "reopen")
    assert incident(*x.NEW, x.CANCELLED).possible() == ("correct", "link", "note", "reopen")
    assert incident(x.REPORTED).possible() == (
        *("cancel", "correct", "dismiss", "link", "log", "note", "post-update"),
        *("request-information", "verify"),
    )
    assert "acknowledge" in incident(*x.NEW).possible()
    assert "acknowledge" not in incident(*x.IN_PROGRESS).possible()
