"""When an incident is resolved or closed that must be reviewed, its review is opened.

At the resolution, because two weeks later nobody remembers; and at the end once more, because its
priority, its category or its times may have been put right in between. A review that somebody has
opened already becomes a mandatory one. What was taken over from another system ended there: whether
it is to be reviewed was decided there too.
"""

from collections.abc import Iterator

from tocsin.domain.clock.values import TIMEKEEPER
from tocsin.domain.incident.events import IncidentClosed, IncidentResolved
from tocsin.domain.kernel import Recorded, taken_over
from tocsin.domain.review.commands.opening import OpenReview, RequireReview
from tocsin.domain.review.mandate import conceivable, mandate
from tocsin.domain.review.values import review_stream
from tocsin.reactions.past import Past
from tocsin.reactions.reaction import Asked


def react(recorded: Recorded[IncidentResolved | IncidentClosed], past: Past) -> Iterator[Asked]:
    """Open it, unless somebody has, and then say that the policy wants it."""
    if taken_over(recorded.via):
        return
    incident = past.at_hand(recorded)
    if incident is not None and not conceivable(incident, past.policy(recorded)):
        return
    wanted = mandate(past.until(recorded), past.rules)
    if wanted is None:
        return
    stream = review_stream(recorded.stream)
    opening = OpenReview(
        actor=TIMEKEEPER,
        incident=str(recorded.stream),
        reason=wanted.reason,
        incident_id=str(recorded.stream),
        known_as=wanted.reference,
        title=wanted.title,
    )
    requiring = RequireReview(
        actor=TIMEKEEPER, reason=wanted.reason, policy_version=wanted.policy_version
    )
    yield Asked(opening, stream)
    yield Asked(requiring, stream)
