"""Why an incident says no: one sentence each, for somebody at three in the morning."""

from datetime import datetime

from tocsin.domain.incident.values import Fact, Status, WorkaroundStatus
from tocsin.domain.kernel import Refused


class NotPossibleWhile(Refused, code="not-possible-while"):
    """The lifecycle has no such step from where the incident stands."""

    def __init__(self, attempt: str, status: Status) -> None:
        words = attempt.replace("-", " ")
        super().__init__(f"Cannot {words} while the incident is {status}.")
        self.attempt, self.status = attempt, status


class StillToCome(Refused, code="still-to-come"):
    """What is told as a fact lies in the future of the telling."""

    def __init__(self, what: str, moment: datetime) -> None:
        super().__init__(f"{what} is {moment:%Y-%m-%d %H:%M:%S %Z}, which has not come yet.")
        self.what, self.moment = what, moment


class AlreadyPast(Refused, code="already-past"):
    """What is to come lies in the past of the telling."""

    def __init__(self, what: str, moment: datetime) -> None:
        super().__init__(f"{what} is {moment:%Y-%m-%d %H:%M:%S %Z}, which is past already.")
        self.what, self.moment = what, moment


class OutOfOrder(Refused, code="out-of-order"):
    """Something would have happened to the incident before there was one."""

    def __init__(self, what: str, moment: datetime, begun: datetime) -> None:
        super().__init__(
            f"{what} would be {moment:%Y-%m-%d %H:%M:%S %Z}, before the incident began "
            f"({begun:%Y-%m-%d %H:%M:%S %Z})."
        )
        self.what, self.moment, self.begun = what, moment, begun


class TooMany(Refused, code="too-many"):
    """One incident holds only so many of these."""

    def __init__(self, what: str, limit: int) -> None:
        super().__init__(f"An incident holds at most {limit} {what}.")
        self.what, self.limit = what, limit


class PriorityUnclear(Refused, code="priority-unclear"):
    """A priority comes either from impact and urgency, or by hand with a reason."""

    def __init__(self) -> None:
        super().__init__(
            "State impact and urgency, or priority and override_reason, not a mixture."
        )


class NoOpenQuestion(Refused, code="no-open-question"):
    """Nobody waits for an answer."""

    def __init__(self) -> None:
        super().__init__("No information has been requested; use a note instead.")


class MixedEscalation(Refused, code="mixed-escalation"):
    """Functional escalation goes to other skills, hierarchical to other rank: never both."""

    def __init__(self) -> None:
        super().__init__(
            "A functional escalation names a level or a group and no manager, "
            "a hierarchical one a manager and nothing else."
        )


class NotHigher(Refused, code="not-higher"):
    """An escalation does not lead to a lower support level."""

    def __init__(self, level: int, current: int) -> None:
        super().__init__(f"Level {level} is below level {current}; assign it instead.")
        self.level, self.current = level, current


class NoSuchWorkaround(Refused, code="no-such-workaround"):
    """The incident has no workaround of that name."""

    def __init__(self, workaround: str) -> None:
        super().__init__(f"There is no workaround {workaround} on this incident.")
        self.workaround = workaround


class WorkaroundStands(Refused, code="workaround-stands"):
    """A workaround is past, or short of, the point where this could be done to it."""

    def __init__(self, attempt: str, workaround: str, status: WorkaroundStatus) -> None:
        super().__init__(f"Cannot {attempt} workaround {workaround}: it is {status}.")
        self.attempt, self.workaround, self.status = attempt, workaround, status


class AwaitingApproval(Refused, code="awaiting-approval"):
    """The policy wants somebody to accept the cost and risk of a workaround first."""

    def __init__(self, workaround: str) -> None:
        super().__init__(f"Workaround {workaround} needs approval before it is applied.")
        self.workaround = workaround


class SelfApproval(Refused, code="self-approval"):
    """Nobody approves their own workaround."""

    def __init__(self, workaround: str, proposer: str) -> None:
        super().__init__(f"{proposer} proposed workaround {workaround}; somebody else approves it.")
        self.workaround, self.proposer = workaround, proposer


class NotEntitled(Refused, code="not-entitled"):
    """The policy names who may accept such a workaround, and this is somebody else."""

    def __init__(self, workaround: str, actor: str, entitled: tuple[str, ...]) -> None:
        who = " or ".join(entitled) or "nobody at present: it names a group or role without people"
        super().__init__(f"{actor} may not approve workaround {workaround}; who may: {who}.")
        self.workaround, self.actor, self.entitled = workaround, actor, entitled


class NotAffected(Refused, code="not-affected"):
    """Only those whom an incident affects can say that service is back."""

    def __init__(self, confirmed_by: str) -> None:
        super().__init__(f"{confirmed_by} is neither the reporter nor one of the users affected.")
        self.confirmed_by = confirmed_by


class ResolutionNotConfirmed(Refused, code="resolution-not-confirmed"):
    """The policy wants somebody affected to confirm before the record is final."""

    def __init__(self, reporter: str | None) -> None:
        who = reporter or "Somebody affected"
        super().__init__(f"{who} has not confirmed yet that service is back.")
        self.reporter = reporter


class LinkedToItself(Refused, code="linked-to-itself"):
    """An incident does not stand at both ends of a link."""

    def __init__(self, target: str) -> None:
        super().__init__(f"{target} is this incident.")
        self.target = target


class NothingToCorrect(Refused, code="nothing-to-correct"):
    """The time of a step cannot be set right before the step was taken."""

    def __init__(self, fact: Fact) -> None:
        super().__init__(f"There is no {fact} yet: that step has not been taken.")
        self.fact = fact


class NotAValue(Refused, code="not-a-value"):
    """What a correction puts in place is not of the kind that the fact takes."""

    def __init__(self, fact: Fact, wanted: str) -> None:
        super().__init__(f"{fact} takes {wanted}.")
        self.fact, self.wanted = fact, wanted
