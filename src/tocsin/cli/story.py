"""The outage of the e-mail service, as the demonstration plays it: who did what, and when.

The times are minutes after the mail server stopped; the play ends as it is told.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tocsin.domain.incident.commands.escalation import Escalate
from tocsin.domain.incident.commands.investigation import Diagnose
from tocsin.domain.incident.commands.keeping import PostUpdate
from tocsin.domain.incident.commands.reporting import Report, Verify
from tocsin.domain.incident.commands.resolution import Close, Confirm, RecordTest, Resolve
from tocsin.domain.incident.commands.triage import Acknowledge, Assign, Categorise, Prioritise
from tocsin.domain.incident.commands.workarounds import (
    ApplyWorkaround,
    ApproveWorkaround,
    IdentifyCause,
    ProposeWorkaround,
)
from tocsin.domain.incident.values import (
    Audience,
    EscalationKind,
    Impact,
    Outcome,
    Risk,
    Source,
    Stage,
    Urgency,
)
from tocsin.domain.kernel import Command

LENGTH = timedelta(minutes=260)
"""From the first scene to the last."""

Scenes = Callable[[datetime], list["Scene"]]


@dataclass(frozen=True)
class Scene:
    """One command, and what it is called in the story."""

    stage: str
    minute: int
    actor: str
    command: Command[Any]
    refused: bool = False
    """Whether the rules are to say no: the play goes on."""


def email_outage(began_at: datetime) -> list[Scene]:
    """From the first complaint to the closed record."""
    return [
        *_found_out(began_at),
        *_looked_into(),
        *_relieved(began_at),
        *_put_right(),
    ]


def _found_out(began_at: datetime) -> list[Scene]:
    report = Report(
        title="Nobody can send or receive e-mail",
        description="Outlook says 'cannot connect to server' since this morning.",
        source=Source.USER_REPORT,
        reporter="ada.lovelace",
        services=("e-mail",),
        configuration_items=("mail-01",),
        impact_began_at=began_at,
    )
    verify = Verify(source=Source.MONITORING, evidence="mail-01 does not answer on port 25.")
    desk = "grace.hopper"
    return [
        Scene("reported and logged", 6, "ada.lovelace", report),
        Scene("acknowledged", 9, desk, Acknowledge()),
        Scene("verified", 11, "monitoring", verify),
        Scene("categorised", 12, desk, Categorise(category="software", subcategory="e-mail")),
        Scene("prioritised", 13, desk, Prioritise(impact=Impact.HIGH, urgency=Urgency.HIGH)),
        Scene("assigned", 14, desk, Assign(group="service-desk", assignee=desk, level=1)),
    ]


def _looked_into() -> list[Scene]:
    diagnosed = Diagnose(
        findings="The mail server is up, its disk is full, and it refuses every connection.",
        hypothesis="Something fills the log partition.",
        examined=("mail-01", "monitoring"),
    )
    escalate = Escalate(
        kind=EscalationKind.FUNCTIONAL,
        level=2,
        group="server-team",
        reason="Needs access to the disks of mail-01.",
    )
    server = "linus.hall"
    cause = IdentifyCause(cause="Debug logging, left on after Friday's update, filled the disk.")
    return [
        Scene("diagnosed", 25, "grace.hopper", diagnosed),
        Scene("escalated to the server team", 30, "grace.hopper", escalate),
        Scene("taken on there", 36, server, Assign(group="server-team", assignee=server, level=2)),
        Scene("cause found", 52, server, cause),
    ]


def _relieved(began_at: datetime) -> list[Scene]:
    server, manager = "linus.hall", "margaret.hamilton"
    proposed = ProposeWorkaround(
        description="Send mail through the standby relay of the provider.",
        cost=1_500,
        risk=Risk.HIGH,
    )
    apply = ApplyWorkaround(workaround="W1", expires_at=began_at + timedelta(hours=48))
    approved = ApproveWorkaround(workaround="W1", comment="For two days at most.")
    told = PostUpdate(
        audience=Audience.AFFECTED_USERS, message="You can send mail again; the repair goes on."
    )
    return [
        Scene("workaround proposed", 58, server, proposed),
        Scene("workaround not applied before it is approved", 60, server, apply, refused=True),
        Scene("workaround approved", 66, manager, approved),
        Scene("workaround applied", 71, server, apply),
        Scene("users told", 73, "grace.hopper", told),
    ]


def _put_right() -> list[Scene]:
    server = "linus.hall"
    resolve = Resolve(
        resolution_code="configuration-change",
        resolution="Debug logging turned off, disk cleared, mail-01 takes mail again.",
    )
    test = RecordTest(
        tested="A mail out and a mail in, from three sites",
        stage=Stage.PRODUCTION,
        outcome=Outcome.PASSED,
        evidence="All six arrived within a minute.",
    )
    close = Close(
        closure_code="solved-permanently",
        detection=Source.USER_REPORT,
        steps_taken="Standby relay for two hours, then repair of mail-01.",
        lessons="Watch the log partition: users noticed before we did.",
    )
    confirm = Confirm(satisfaction=4, comment="Thank you, that was quick.")
    return [
        Scene("resolved", 182, server, resolve),
        Scene("tested", 190, server, test),
        Scene("confirmed", 215, "ada.lovelace", confirm),
        Scene("closed", 260, "grace.hopper", close),
    ]
