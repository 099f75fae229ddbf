"""What is a count over time? So many incidents in each day or week, without a gap."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import numpy as np
import numpy.typing as npt

from tocsin.signals.limits import MOST_PERIODS, BadParameter, one_of

Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Grain = Literal["day", "week"]
DAYS: dict[Grain, int] = {"day": 1, "week": 7}
MOST_COUNTED = 2**40
"""In one period. Sums of a series stay far from what an int64 holds."""


@dataclass(frozen=True, eq=False)
class Series:
    """Counts per day or week from `start` on. A period in which nothing was counted is a 0.

    Raises:
        BadParameter: `counts` is not one row of whole numbers from 0 to 2**40, or too long;
            `grain` is neither day nor week; or the series would end after the year 9999.
    """

    start: date
    grain: Grain
    counts: Counts

    def __post_init__(self) -> None:
        one_of("grain", self.grain, DAYS)
        counts = np.asarray(self.counts)
        if counts.ndim != 1 or (counts.size and counts.dtype.kind not in "iu"):
            raise BadParameter("counts", "must be one row of whole numbers.")
        if counts.size > MOST_PERIODS:
            raise BadParameter("counts", f"must be at most {MOST_PERIODS:,} periods.")
        if counts.size and not 0 <= counts.min() <= counts.max() <= MOST_COUNTED:
            raise BadParameter("counts", f"must each be from 0 to {MOST_COUNTED:,}.")
        if (date.max - self.start).days < DAYS[self.grain] * (counts.size + 1):
            raise BadParameter("start", "is so late that the series would leave the calendar.")
        kept = counts.astype(np.int64)
        kept.flags.writeable = False
        object.__setattr__(self, "counts", kept)

    def __len__(self) -> int:
        return self.counts.size

    def when(self, place: int) -> date:
        """The first day of a period; one place behind the last is the day after the series."""
        return self.start + timedelta(days=DAYS[self.grain] * place)

    def mondays(self) -> "Series":
        """By whole weeks from Monday on. Days of a week that is not all there are left out."""
        if self.grain == "week":
            return self
        return self._weeks(skipped=min(-self.start.weekday() % 7, len(self)))

    def weeks_to_the_end(self) -> "Series":
        """By whole weeks of which the last ends with the series, so that the newest days count."""
        return self if self.grain == "week" else self._weeks(skipped=len(self) % 7)

    def _weeks(self, skipped: int) -> "Series":
        weeks = (len(self) - skipped) // 7
        days = self.counts[skipped : skipped + 7 * weeks]
        return Series(self.when(skipped), "week", days.reshape(-1, 7).sum(axis=1))
