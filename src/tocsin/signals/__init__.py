"""What stands out in counts over time, and which incidents are like each other?

Pure functions of series and texts: where those come from, and who is shown what, is for others.
Each signal is reported with the numbers that justify it, and is tuned to be rare when nothing
happened: `docs/explanation/signals.md` says how rare, as measured.
"""

from importlib.util import find_spec

LIBRARIES = ("bm25s", "ruptures", "scipy")


class NoSignals(ImportError):
    """The libraries of the signals are not installed."""


if missing := [name for name in LIBRARIES if find_spec(name) is None]:
    raise NoSignals(
        f"Signals need libraries that are not installed ({', '.join(missing)}): "
        "pip install 'tocsin[trends]'"
    )

from tocsin.signals.changes import ChangePoint, change_points  # noqa: E402
from tocsin.signals.forecasts import Expected, Forecast, NoForecast, forecast  # noqa: E402
from tocsin.signals.limits import BadParameter  # noqa: E402
from tocsin.signals.recurrences import Occurrence, Recurring, recurring  # noqa: E402
from tocsin.signals.rises import Rising, rising  # noqa: E402
from tocsin.signals.series import Series  # noqa: E402
from tocsin.signals.similar import (  # noqa: E402
    Match,
    SimilarIncidents,
    Text,
    UnreadableIndex,
)
from tocsin.signals.unusual import UnusualDay, unusual_days  # noqa: E402

__all__ = [
    "BadParameter",
    "ChangePoint",
    "Expected",
    "Forecast",
    "Match",
    "NoForecast",
    "NoSignals",
    "Occurrence",
    "Recurring",
    "Rising",
    "Series",
    "SimilarIncidents",
    "Text",
    "UnreadableIndex",
    "UnusualDay",
    "change_points",
    "forecast",
    "recurring",
    "rising",
    "unusual_days",
]
