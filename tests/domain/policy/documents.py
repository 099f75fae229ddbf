"""Policy documents to try things on: a small whole one, and ways to change it."""

from datetime import date

from tocsin.domain.calendar import ClosedDate
from tocsin.domain.policy.document import Compiled, compiled
from tocsin.domain.policy.record import Policy

MATRIX = """\
[priorities]
high   = { high = 1, medium = 2, low = 3 }
medium = { high = 2, medium = 3, low = 4 }
low    = { high = 3, medium = 4, low = 5 }
"""
WHOLE = (
    MATRIX
    + """
[categories]
network = ["vpn", "dns"]
software = { mail = ["client"], "line of business" = [] }

[levels]
1 = "Desk"
2 = "Support"

[roles]
change-manager = ["ivo", "noor"]

[groups.desk]
level = 1
members = ["ben", "ann"]
managers = ["mia", "noor"]
calendar = "office"

[groups.network]
level = 2
members = ["cleo"]

[calendars.office]
zone = "Europe/Vienna"
hours = { monday-friday = ["09:00-17:00"], saturday = ["22:00-06:00"] }
day = "8h"
holidays = [{ country = "AT", from = 2026, to = 2026 }]
closed = [{ on = 2026-12-24, name = "Christmas Eve" }]
extra = [{ on = 2026-12-24, hours = "09:00-12:00", name = "Until noon" }]
closures = [{ begins = 2026-07-01T12:00:00+02:00, ends = 2026-07-01T14:00:00Z, name = "Move" }]

[[sla]]
name = "Major"
measure = "resolution"
when = { major = true, priority = [1, 2] }
goal = "1h 30m"
warn_at = [90, 50]

[[sla]]
name = "Network"
measure = "resolution"
when = { category = ["network"], service = ["vpn"] }
goal = "2d"
calendar = "office"
pause = ["awaiting-vendor", "awaiting-caller"]
stop = ["mitigated", "resolved"]

[[sla]]
name = "Response"
measure = "first-response"
goal = "15m"

[[ola]]
name = "Desk hands over"
groups = ["desk"]
goal = "4h"
calendar = "office"

[[escalations]]
name = "Silence"
trigger = "unacknowledged"
when = { priority = [1] }
calendar = "office"
steps = [{ after = "10m", to_manager = 1 }, { after = "1h", to_person = "zoe" }]
repeat = { every = "30m", times = 3 }

[[escalations]]
name = "Half time"
trigger = "target"
target = "Network"
steps = [{ percent = 50, to_group = "network" }, { percent = 100, to_level = 2 }]

[[escalations]]
name = "Slow"
trigger = "elapsed"
since = "reported"
pause = ["awaiting-caller"]
steps = [{ after = "2d", to_level = 2 }]

[[approvals]]
risk = "high"
roles = ["change-manager"]
managers = true

[[approvals]]
risk = "medium"
from_cost = 500
groups = ["network"]

[closing]
confirmation_required = true
auto_close_days = 7

[reviews]
mandatory = [{ major = true }, { priority = [1], breached = true }]
"""
)


class NoSuchPlace(ValueError):
    """As the library of holidays says it."""

    def __init__(self, part: str) -> None:
        super().__init__(f"There is no such {part}.")
        self.part = part


def holidays(country: str, years: range, subdivision: str | None) -> tuple[ClosedDate, ...]:
    """Every year begins with a holiday, in the one country that there is."""
    for part, wrong in (
        ("country", country != "AT"),
        ("subdivision", subdivision not in (None, "9")),
        ("years", max(years) > 2100),
    ):
        if wrong:
            raise NoSuchPlace(part)
    return tuple(ClosedDate(date(year, 1, 1), "New Year") for year in years)


def read(document: str) -> Compiled:
    """A document, as a policy."""
    return compiled(document, holidays)


def policy(document: str) -> Policy:
    """A document, as a policy."""
    return read(document).policy


def changed(old: str, new: str, document: str = WHOLE) -> str:
    """The whole document with one passage that is otherwise."""
    assert document.count(old) == 1, f"{old!r} is there {document.count(old)} times"
    return document.replace(old, new)
