"""Tocsin: the system of record for IT incidents."""

import zoneinfo

__version__ = "0.1.0"

# When something was due must not depend on the zone files of a machine: those of `tzdata` count.
zoneinfo.reset_tzpath(to=())
zoneinfo.ZoneInfo.clear_cache()
