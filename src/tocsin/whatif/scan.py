"""One share of history, from its stored bytes to its tally."""

from collections.abc import Callable

from tocsin.domain.policy.history import PolicyHistory
from tocsin.domain.policy.state import POLICY_STREAM
from tocsin.process import unswept
from tocsin.store.log import Log
from tocsin.whatif.comparing import Comparison
from tocsin.whatif.question import Question
from tocsin.whatif.reading import NAMES, Reader
from tocsin.whatif.shares import Share
from tocsin.whatif.tally import Tally

SPAN = 5_000
"""Positions that one read looks at."""
INCIDENTS = 200
"""Incidents between two looks at whether to go on."""
READING = 0.25
"""Reading a share is about so much of the work."""
Advance = Callable[[float], bool]
"""Told how much of a share is done, of 1; says whether to go on."""


class Stopped(Exception):
    """Somebody wants no more of it."""


def policies_until(log: Log, position: int) -> PolicyHistory:
    """Every policy that was published up to a place in the log."""
    policies = PolicyHistory()
    for recorded in log.history(POLICY_STREAM):
        if recorded.position <= position:
            policies.add(recorded)
    return policies


def scan(
    log: Log, question: Question, policies: PolicyHistory, share: Share, advance: Advance
) -> Tally:
    """Replay the incidents of a share under both policies.

    Raises:
        Stopped: `advance` said so.
        Unreadable: an event cannot be decoded.
    """
    with unswept():
        return _scan(log, question, policies, share, advance)


def _scan(
    log: Log, question: Question, policies: PolicyHistory, share: Share, advance: Advance
) -> Tally:
    tally = Tally(question.listed)
    if not question.position:
        return tally
    reader = Reader(policies)
    for after in range(0, question.position, SPAN):
        until = min(after + SPAN, question.position)
        for stream, body in log.raw_share(NAMES, share.part, after, until):
            reader.take(stream, body)
        _go_on(advance, READING * until / question.position)
    comparison = Comparison(question, policies, tally)
    # Taken out one by one, so that what is counted needs no room any more.
    waiting, total = reader.pasts, len(reader.pasts)
    while waiting:
        comparison.take(*waiting.popitem())
        if len(waiting) % INCIDENTS == 0:
            _go_on(advance, 1 - (1 - READING) * len(waiting) / total)
    return tally


def _go_on(advance: Advance, done: float) -> None:
    if not advance(done):
        raise Stopped
