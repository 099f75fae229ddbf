"""Times of day, as tests name them."""

from datetime import UTC, datetime, timedelta

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def after(*, minutes: float = 0, days: float = 0) -> datetime:
    """So long after noon."""
    return NOON + timedelta(days=days, minutes=minutes)
