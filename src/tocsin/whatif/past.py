"""One incident's past, as much of it as clocks and a question look at."""

from collections.abc import Sequence
from typing import Any

from tocsin.domain.clock.happening import Happening, in_order


class Past:
    """What happened to one incident, in the order of the log, and what it came to."""

    __slots__ = ("happenings", "reference", "source")

    def __init__(self) -> None:
        self.happenings: list[Happening] = []
        self.reference: str | None = None
        self.source: str | None = None

    @property
    def reported(self) -> int:
        """When it was reported, corrections heeded, in microseconds since 1970."""
        told = (each.at for each in in_order(self.happenings) if each.kind == "reported")
        return next(told, self.happenings[0].at)

    @property
    def priority(self) -> int | None:
        """What comes first, as it was recorded last."""
        value = self._last("prioritised")
        return value[0] if value is not None else None

    @property
    def group(self) -> str | None:
        """Who holds it."""
        group: str | None = self._last("assigned", "escalated")
        return group

    @property
    def category(self) -> str:
        """What kind of trouble it is, as a path: `network/vpn`."""
        return "/".join(part for part in self._last("categorised") or () if part)

    @property
    def services(self) -> Sequence[str]:
        """Which services it is about."""
        return self._last("reported") or ()

    def _last(self, *kinds: str) -> Any:
        for each in reversed(self.happenings):
            if each.kind in kinds:
                return each.value
        return None
