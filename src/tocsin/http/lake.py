"""How far the lake is behind the log, as Prometheus reads it.

Nothing is asked of its writer: what is in the folder is what counts, whoever wrote it.
"""

from tocsin.http.metrics import Reading
from tocsin.http.service import Service
from tocsin.lake.origin import standing
from tocsin.lake.segments import LakeRefused, Segments
from tocsin.store.entries import StoreUnavailable


def watch(service: Service) -> None:
    """Have it among the figures, where a lake is written."""
    if not service.settings.lake:
        return
    segments = Segments(service.settings.lake_place)

    def readings() -> list[Reading]:
        try:
            if segments.identity() is None:
                return []
            found = standing(service.log, segments)
        except (LakeRefused, StoreUnavailable, OSError):
            return []
        lag, late = float(found.lag_events), found.lag_seconds
        return [
            ("lake_position", "Position that the lake has come to.", {}, float(found.position)),
            ("lake_lag_events", "Events that are to come into the lake.", {}, lag),
            ("lake_lag_seconds", "Age of the oldest event that it lacks.", {}, late),
        ]

    service.metrics.gauges.append(readings)
