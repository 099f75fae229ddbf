"""The cause, and how users work while it is still there."""

from datetime import timedelta
from typing import Any

import pytest

from tests.domain.examples import (
    APPLIED,
    APPROVED,
    CAUSE,
    IS_CLOSED,
    IS_RESOLVED,
    NEW,
    PROPOSED,
    REJECTED,
    RESOLVED,
    RISKY,
    TOMORROW,
    WITHDRAWN,
)
from tests.domain.kit import NOW, by, given
from tocsin.domain.incident.command import IncidentCommand
from tocsin.domain.incident.commands.workarounds import (
    MAX_WORKAROUNDS,
    ApplyWorkaround,
    ApproveWorkaround,
    IdentifyCause,
    ProposeWorkaround,
    RejectWorkaround,
    WithdrawWorkaround,
)
from tocsin.domain.incident.events import (
    IncidentAssigned,
    IncidentEvent,
    WorkaroundApplied,
    WorkaroundProposed,
)
from tocsin.domain.incident.refusals import (
    AlreadyPast,
    AwaitingApproval,
    NoSuchWorkaround,
    NotEntitled,
    NotPossibleWhile,
    SelfApproval,
    TooMany,
    WorkaroundStands,
)
from tocsin.domain.incident.values import Risk, WorkaroundStatus
from tocsin.domain.kernel import replace
from tocsin.domain.policy import Policy
from tocsin.domain.policy.rules import Approval, Group

PROPOSE = ProposeWorkaround(description="Use webmail.", risk=Risk.LOW)
APPROVE = ApproveWorkaround(workaround="W1", comment="Go.")
REJECT = RejectWorkaround(workaround="W1", reason="Too risky.")
APPLY = ApplyWorkaround(workaround="W1", expires_at=TOMORROW)
WITHDRAW = WithdrawWorkaround(workaround="W1", reason="No longer needed.")
ANY_DECISION = [APPROVE, REJECT, APPLY, WITHDRAW]


@pytest.mark.parametrize("history", [NEW, IS_RESOLVED])
def test_the_cause_is_found(history: tuple[IncidentEvent, ...]) -> None:
    given(*history).when(IdentifyCause(cause="The log partition was full.")).then(CAUSE)


def test_the_same_cause_changes_nothing() -> None:
    given(*NEW, CAUSE).when(IdentifyCause(cause="The log partition was full.")).then_nothing()


def test_a_final_record_keeps_its_cause() -> None:
    given(*IS_CLOSED).when(IdentifyCause(cause="Mice.")).then_refused(NotPossibleWhile)


def test_a_workaround_is_offered() -> None:
    given(*NEW).when(PROPOSE).then(PROPOSED)


@pytest.mark.parametrize(
    ("risk", "cost", "required"),
    [
        (Risk.LOW, 1_000_000, False),
        (Risk.MEDIUM, 999, False),
        (Risk.MEDIUM, 1_000, True),
        (Risk.HIGH, 0, True),
    ],
)
def test_risk_and_cost_ask_for_approval(risk: Risk, cost: int, required: bool) -> None:
    given(*NEW).when(ProposeWorkaround(description="Reboot.", risk=risk, cost=cost)).then(
        WorkaroundProposed(
            workaround="W1",
            description="Reboot.",
            cost=cost,
            risk=risk,
            approval_required=required,
            policy_version=1,
        )
    )


def test_another_policy_asks_for_more_approvals() -> None:
    """The event names the policy that asked."""
    strict = Policy(version=3, approvals=tuple(Approval(risk=risk) for risk in Risk))
    given(*NEW).under(strict).when(PROPOSE).then(
        replace(PROPOSED, approval_required=True, policy_version=3)
    )


@pytest.mark.parametrize("history", [(PROPOSED,), (PROPOSED, APPROVED), (PROPOSED, APPLIED)])
def test_what_is_on_offer_is_not_offered_again(history: tuple[IncidentEvent, ...]) -> None:
    given(*NEW, *history).when(PROPOSE).then_nothing()


@pytest.mark.parametrize("history", [(PROPOSED, REJECTED), (PROPOSED, APPLIED, WITHDRAWN)])
def test_what_is_off_the_table_can_be_offered_again(history: tuple[IncidentEvent, ...]) -> None:
    """Under a name of its own: what was said of the first one still stands."""
    given(*NEW, *history).when(PROPOSE).then(replace(PROPOSED, workaround="W2"))


@pytest.mark.parametrize(
    "other",
    [
        ProposeWorkaround(description="Use the telephone.", risk=Risk.LOW),
        ProposeWorkaround(description="Use webmail.", risk=Risk.MEDIUM),
        ProposeWorkaround(description="Use webmail.", risk=Risk.LOW, cost=1),
    ],
)
def test_another_workaround_gets_another_name(other: ProposeWorkaround) -> None:
    given(*NEW, PROPOSED).when(other).then(
        WorkaroundProposed(
            workaround="W2",
            description=other.description,
            cost=other.cost,
            risk=other.risk,
            approval_required=False,
            policy_version=1,
        )
    )


def test_an_incident_has_only_so_many_workarounds() -> None:
    full = [replace(PROPOSED, workaround=f"W{n + 1}") for n in range(MAX_WORKAROUNDS)]
    another = ProposeWorkaround(description="Use the telephone.", risk=Risk.LOW)
    given(*NEW, *full).when(another).then_refused(TooMany, "at most 100 workarounds", limit=100)
    given(*NEW, *full[:-1]).when(another).then(
        replace(PROPOSED, workaround="W100", description=another.description)
    )


def test_a_resolved_incident_needs_no_workaround() -> None:
    given(*IS_RESOLVED).when(PROPOSE).then_refused(NotPossibleWhile, "Cannot propose workaround")


@pytest.mark.parametrize("offer", [PROPOSED, RISKY])
def test_somebody_else_accepts_cost_and_risk(offer: WorkaroundProposed) -> None:
    given(*NEW, offer).when(APPROVE, by="mia").then(APPROVED)


def test_what_is_approved_is_not_approved_again() -> None:
    given(*NEW, RISKY, APPROVED).when(APPROVE, by="mia").then_nothing()


def entitled(**approval: Any) -> Policy:
    """A policy that names who may accept a high risk."""
    network = Group(name="Network", level=2, members=("cleo",), managers=("mia", "noor"))
    return Policy(
        approvals=(Approval(risk=Risk.HIGH, **approval),),
        groups={"Network": network},
        roles={"change manager": ("ivo",), "nobody": ()},
    )


@pytest.mark.parametrize(
    ("approval", "who"),
    [({"groups": ("Network",)}, "cleo"), ({"roles": ("change manager",)}, "ivo")],
)
def test_only_those_whom_the_policy_names_approve(approval: dict[str, Any], who: str) -> None:
    """Not everybody who can reach the button may accept a risk."""
    asked = given(*NEW, RISKY).under(entitled(**approval))
    asked.when(APPROVE, by=who).then(APPROVED)
    asked.when(APPROVE, by="mia").then_refused(
        NotEntitled, f"mia may not approve workaround W1; who may: {who}.", entitled=(who,)
    )


def test_managers_are_those_of_the_group_that_holds_the_incident() -> None:
    asked = given(*NEW, IncidentAssigned(group="Network"), RISKY).under(entitled(managers=True))
    asked.when(APPROVE, by="noor").then(APPROVED)
    asked.when(APPROVE, by="cleo").then_refused(NotEntitled, "who may: mia or noor")


def test_a_rule_that_names_nobody_at_present_says_so() -> None:
    asked = given(*NEW, RISKY).under(entitled(roles=("nobody",)))
    asked.when(APPROVE, by="mia").then_refused(NotEntitled, "nobody at present", entitled=())


def test_nobody_approves_their_own_workaround() -> None:
    """Four eyes, also when somebody is in a hurry."""
    given(*NEW, by("eve", RISKY)).when(APPROVE, by="eve").then_refused(
        SelfApproval, "eve proposed workaround W1", proposer="eve"
    )


def test_cost_or_risk_are_not_accepted() -> None:
    given(*NEW, RISKY).when(REJECT).then(REJECTED)


def test_what_is_rejected_is_not_rejected_again() -> None:
    given(*NEW, RISKY, REJECTED).when(REJECT).then_nothing()


def test_users_work_again() -> None:
    given(*NEW, PROPOSED).when(APPLY).then(APPLIED)


def test_a_risky_workaround_waits_for_approval() -> None:
    given(*NEW, RISKY).when(APPLY).then_refused(AwaitingApproval, "W1 needs approval")
    given(*NEW, RISKY, APPROVED).when(APPLY).then(APPLIED)


def test_what_is_in_effect_is_not_applied_again() -> None:
    given(*NEW, RISKY, APPROVED, APPLIED).when(APPLY).then_nothing()


@pytest.mark.parametrize(
    "longer",
    [
        ApplyWorkaround(workaround="W1", expires_at=TOMORROW + timedelta(days=1)),
        ApplyWorkaround(workaround="W1"),
        ApplyWorkaround(workaround="W1", expires_at=TOMORROW, known_error="KE1"),
    ],
)
def test_another_expiry_or_known_error_is_recorded(longer: ApplyWorkaround) -> None:
    given(*NEW, RISKY, APPROVED, APPLIED).when(longer).then(
        WorkaroundApplied(
            workaround="W1", known_error=longer.known_error, expires_at=longer.expires_at
        )
    )


def test_a_workaround_does_not_expire_before_it_is_applied() -> None:
    gone = NOW - timedelta(minutes=1)
    given(*NEW, PROPOSED).when(replace(APPLY, expires_at=gone)).then_refused(
        AlreadyPast, "expires_at", moment=gone
    )


@pytest.mark.parametrize(
    "history",
    [(PROPOSED,), (RISKY, APPROVED), (PROPOSED, APPLIED), (PROPOSED, APPLIED, RESOLVED)],
)
def test_a_workaround_is_taken_back(history: tuple[IncidentEvent, ...]) -> None:
    """Often once service is back: until then, users went on with it."""
    given(*NEW, *history).when(WITHDRAW).then(WITHDRAWN)


def test_what_is_withdrawn_is_not_withdrawn_again() -> None:
    given(*NEW, PROPOSED, WITHDRAWN).when(WITHDRAW).then_nothing()


@pytest.mark.parametrize(
    ("history", "command", "status"),
    [
        ((APPLIED,), APPROVE, WorkaroundStatus.APPLIED),
        ((REJECTED,), APPROVE, WorkaroundStatus.REJECTED),
        ((WITHDRAWN,), APPROVE, WorkaroundStatus.WITHDRAWN),
        ((APPROVED,), REJECT, WorkaroundStatus.APPROVED),
        ((APPLIED,), REJECT, WorkaroundStatus.APPLIED),
        ((WITHDRAWN,), REJECT, WorkaroundStatus.WITHDRAWN),
        ((REJECTED,), APPLY, WorkaroundStatus.REJECTED),
        ((WITHDRAWN,), APPLY, WorkaroundStatus.WITHDRAWN),
        ((REJECTED,), WITHDRAW, WorkaroundStatus.REJECTED),
    ],
)
def test_a_workaround_does_not_go_back(
    history: tuple[IncidentEvent, ...], command: IncidentCommand, status: WorkaroundStatus
) -> None:
    given(*NEW, PROPOSED, *history).when(command, by="mia").then_refused(
        WorkaroundStands, f"workaround W1: it is {status}", status=status
    )


@pytest.mark.parametrize("command", ANY_DECISION)
def test_a_workaround_that_nobody_proposed_is_not_decided_about(command: IncidentCommand) -> None:
    given(*NEW).when(command).then_refused(NoSuchWorkaround, "no workaround W1", workaround="W1")


@pytest.mark.parametrize("command", ANY_DECISION)
def test_nothing_is_decided_about_a_final_record(command: IncidentCommand) -> None:
    given(*NEW, PROPOSED, *IS_CLOSED[2:]).when(command).then_refused(NotPossibleWhile, "closed")


@pytest.mark.parametrize(
    ("history", "paths"),
    [
        ((), set()),
        ((PROPOSED,), {"approve", "reject", "apply", "withdraw"}),
        ((RISKY, APPROVED), {"apply", "withdraw"}),
        ((PROPOSED, APPLIED), {"apply", "withdraw"}),
        ((PROPOSED, REJECTED), set()),
        ((PROPOSED, WITHDRAWN), set()),
    ],
)
def test_what_can_be_decided_is_listed(history: tuple[IncidentEvent, ...], paths: set[str]) -> None:
    outcome = given(*NEW, *history).when(PROPOSE)
    listed = {path for path in outcome.possible() if path.endswith("-workaround")}
    assert {f"{path}-workaround" for path in paths} | {"propose-workaround"} == listed
