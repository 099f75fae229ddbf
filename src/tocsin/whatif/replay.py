"""Asking a question and getting its report: all shares, as many at a time as there are processors.

A replay that was interrupted goes on where it was, at the next time that the same is asked.
"""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from tocsin.domain.policy import Policy
from tocsin.settings import Settings
from tocsin.store.log import Log
from tocsin.whatif.keeping import Kept
from tocsin.whatif.question import BadQuestion, Question, conditions
from tocsin.whatif.report import report
from tocsin.whatif.scan import Stopped, policies_until, scan
from tocsin.whatif.shares import Share, shares
from tocsin.whatif.tally import Tally, merged
from tocsin.whatif.workers import Replayers

Progress = Callable[[int, int], None]
"""Told how many events are replayed, and of how many."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A question as somebody asks it, before it is pinned to a place in the log."""

    policy: Policy
    against: Policy | int | None = None
    """Another policy, or the number of a version."""
    since: datetime | None = None
    until: datetime | None = None
    where: Sequence[tuple[str, str]] = ()
    at: int | None = None
    """None: the last event that there is."""


def pinned(log: Log, asked: Asked, listed: int) -> Question:
    """The question about the log as far as a position.

    Raises:
        BadQuestion: it cannot be asked so.
    """
    head = log.head()
    position = head if asked.at is None else asked.at
    if position > head:
        raise BadQuestion("at", f"is beyond the end of the log, which is position {head}")
    if asked.since is not None and asked.until is not None and asked.since >= asked.until:
        raise BadQuestion("until", "is not after since: no incident lies between them")
    last = log.raw_page(position - 1, 1) if position else []
    return Question(
        policy=asked.policy,
        against=_against(log, asked.against, position),
        since=asked.since,
        until=asked.until,
        where=conditions(asked.where),
        position=position,
        as_of=log.decode(last[0][1]).recorded_at if last else None,
        mark=sha256(last[0][1] if last else b"").hexdigest(),
        listed=listed,
    )


def _against(log: Log, against: Policy | int | None, position: int) -> Policy | None:
    if not isinstance(against, int):
        return against
    try:
        return policies_until(log, position).version(against)
    except KeyError:
        reason = f"names version {against} of the policy: there is no such version by position"
        raise BadQuestion("against", f"{reason} {position}") from None


def replay(
    settings: Settings,
    question: Question,
    *,
    progress: Progress = lambda _done, _total: None,
    stop: Callable[[], bool] = lambda: False,
) -> dict[str, Any] | None:
    """Answer a question; none if `stop` said so before it was answered.

    What is finished then is kept in the home folder. Into how many shares history is divided does
    not change the answer.

    Raises:
        Underway: another process answers the same question.
        Unreadable: an event cannot be decoded.
        StoreUnavailable: the log cannot be read.
    """
    divided = shares(question.position, settings.what_if_events)

    def told(done: float) -> bool:
        progress(round(question.position * done / len(divided)), question.position)
        return not stop()

    if len(divided) == 1:
        return _alone(settings, question, divided[0], told)
    kept = Kept(settings.home, question)
    with kept.held(settings.what_if_reports):
        found = {share: kept.find(share) for share in divided}
        missing = [share for share, tally in found.items() if tally is None]
        before = len(divided) - len(missing)
        if missing:
            crew = Replayers(settings, settings.home, question, missing)
            if not crew.run(lambda done: told(before + done)):
                return None
        answer = report(question, merged(_all(kept, divided), question.listed))
        kept.remove()
    return answer


def _all(kept: Kept, divided: list[Share]) -> list[Tally]:
    tallies = [kept.find(share) for share in divided]
    assert None not in tallies, "a share that was kept is gone"
    return [tally for tally in tallies if tally is not None]


def _alone(
    settings: Settings, question: Question, share: Share, told: Callable[[float], bool]
) -> dict[str, Any] | None:
    """What is little is replayed here, and at once."""
    with closing(Log.open(settings, veiled=True)) as log:
        try:
            tally = scan(log, question, policies_until(log, question.position), share, told)
        except Stopped:
            return None
    return report(question, tally)
