"""The words of clocks, one meaning each. Their values are stored: never change one."""

from enum import StrEnum

TIMEKEEPER = "timekeeper"
"""Who acts when nobody does."""


class TimerState(StrEnum):
    """How the time for one target stands."""

    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    BREACHED = "breached"
    """Not there when it was due. It stays so, whatever comes later."""
    CANCELLED = "cancelled"
    """Replaced by another target, or nothing is left to be done: no verdict."""


class ChangeKind(StrEnum):
    """What can happen to a timer. The words are those of Zendesk's ticket metric events."""

    ACTIVATE = "activate"
    APPLY = "apply_sla"
    PAUSE = "pause"
    RESUME = "resume"
    BREACH = "breach"
    FULFIL = "fulfill"
    CANCEL = "cancel"
