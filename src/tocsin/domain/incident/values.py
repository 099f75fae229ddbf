"""The words of incident management, one meaning each. Their values are stored: never change one."""

from enum import IntEnum, StrEnum


class Status(StrEnum):
    """Where an incident stands in its life."""

    UNREPORTED = "unreported"
    REPORTED = "reported"
    NEW = "new"
    IN_PROGRESS = "in-progress"
    ON_HOLD = "on-hold"
    RESOLVED = "resolved"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    DISMISSED = "dismissed"


class Source(StrEnum):
    """How the incident came to be known."""

    USER_REPORT = "user-report"
    MONITORING = "monitoring"
    HELP_DESK_TICKET = "help-desk-ticket"
    AUTOMATED_ALERT = "automated-alert"


class Impact(StrEnum):
    """How much of the business is affected."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Urgency(StrEnum):
    """How soon the business needs it back."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Priority(IntEnum):
    """What comes first: 1 before 5."""

    CRITICAL = 1
    HIGH = 2
    MODERATE = 3
    LOW = 4
    PLANNING = 5


class HoldReason(StrEnum):
    """Whom or what the incident waits for."""

    AWAITING_CALLER = "awaiting-caller"
    AWAITING_VENDOR = "awaiting-vendor"
    AWAITING_CHANGE = "awaiting-change"
    AWAITING_PROBLEM = "awaiting-problem"
    AWAITING_EVIDENCE = "awaiting-evidence"


class EscalationKind(StrEnum):
    """Functional: to other skills. Hierarchical: to other rank. Never both."""

    FUNCTIONAL = "functional"
    HIERARCHICAL = "hierarchical"


class Visibility(StrEnum):
    """Who may read a note."""

    INTERNAL = "internal"
    PUBLIC = "public"


class Risk(StrEnum):
    """How likely a workaround is to make things worse."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class WorkaroundStatus(StrEnum):
    """Where a workaround stands."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"
    APPLIED = "applied"
    WITHDRAWN = "withdrawn"


class Stage(StrEnum):
    """Where a resolution was tested."""

    STAGING = "staging"
    PRODUCTION = "production"


class Outcome(StrEnum):
    """What a test showed."""

    PASSED = "passed"
    FAILED = "failed"


class LinkKind(StrEnum):
    """What stands at the other end of a link."""

    PROBLEM = "problem"
    CHANGE = "change"
    KNOWN_ERROR = "known-error"
    RELATED_INCIDENT = "related-incident"
    CAUSED_BY = "caused-by"


class Audience(StrEnum):
    """Whom an update is for."""

    RESPONDERS = "responders"
    AFFECTED_USERS = "affected-users"
    MANAGEMENT = "management"
    PUBLIC = "public"


class Fact(StrEnum):
    """What a correction may set right."""

    TITLE = "title"
    DESCRIPTION = "description"
    SOURCE = "source"
    REPORTER = "reporter"
    IMPACT_BEGAN_AT = "impact_began_at"
    DETECTED_AT = "detected_at"
    REPORTED_AT = "reported_at"
    ACKNOWLEDGED_AT = "acknowledged_at"
    MITIGATED_AT = "mitigated_at"
    RESOLVED_AT = "resolved_at"
    CLOSED_AT = "closed_at"

    @property
    def is_time(self) -> bool:
        """Whether it is an instant rather than a text."""
        return self.value.endswith("_at")


OPEN = frozenset({Status.REPORTED, Status.NEW, Status.IN_PROGRESS, Status.ON_HOLD})
"""Somebody still has to do something about it."""
WORKABLE = OPEN - {Status.REPORTED}
"""Logged and open: work can go on."""
KNOWN = frozenset(Status) - {Status.UNREPORTED}
"""There is a record at all."""
