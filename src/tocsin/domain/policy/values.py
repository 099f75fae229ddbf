"""The words of a policy, one meaning each. Their values are stored: never change one."""

from enum import StrEnum


class Measure(StrEnum):
    """What a target promises: the first three to those affected, the last one to colleagues."""

    FIRST_RESPONSE = "first-response"
    UPDATE_CADENCE = "update-cadence"
    RESOLUTION = "resolution"
    GROUP = "group"


class Moment(StrEnum):
    """What can start or stop a clock."""

    REPORTED = "reported"
    LOGGED = "logged"
    VERIFIED = "verified"
    ACKNOWLEDGED = "acknowledged"
    CATEGORISED = "categorised"
    PRIORITISED = "prioritised"
    ASSIGNED = "assigned"
    PASSED_ON = "passed-on"
    UPDATED = "updated"
    MITIGATED = "mitigated"
    RESOLVED = "resolved"
    CONFIRMED = "confirmed"
    CLOSED = "closed"


class Trigger(StrEnum):
    """What the steps of an escalation count from."""

    ELAPSED = "elapsed"
    UNACKNOWLEDGED = "unacknowledged"
    TARGET = "target"
