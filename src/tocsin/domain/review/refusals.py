"""Why a review says no: one sentence each."""

from tocsin.domain.kernel import Refused
from tocsin.domain.review.values import ActionState, ReviewStatus


class ReviewNotOpen(Refused, code="review-not-open"):
    """What a review says is changed only while it is open."""

    def __init__(self, attempt: str, status: ReviewStatus) -> None:
        words = attempt.replace("-", " ")
        way = "reopen it first" if status is ReviewStatus.PUBLISHED else "open it first"
        super().__init__(f"Cannot {words} while the review is {status}: {way}.")
        self.attempt, self.status = attempt, status


class NoSuchEntry(Refused, code="no-such-entry"):
    """The review has nothing of that name."""

    def __init__(self, what: str, name: str) -> None:
        super().__init__(f"There is no {what} {name} in this review.")
        self.what, self.name = what, name


class ActionEnded(Refused, code="action-ended"):
    """An action is done or dropped, so nothing more can be decided about it."""

    def __init__(self, attempt: str, action: str, state: ActionState) -> None:
        words = attempt.replace("-", " ")
        super().__init__(f"Cannot {words} {action}: it is {state}. Agree on a new one.")
        self.attempt, self.action, self.state = attempt, action, state


class ReviewFull(Refused, code="review-full"):
    """One review holds only so many of these."""

    def __init__(self, what: str, limit: int) -> None:
        super().__init__(f"A review holds at most {limit} {what}.")
        self.what, self.limit = what, limit


class NothingFound(Refused, code="nothing-found"):
    """What is published says at least what was found."""

    def __init__(self) -> None:
        super().__init__("The review holds no finding that stands: record one, then publish it.")
