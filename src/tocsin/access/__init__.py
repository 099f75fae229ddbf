"""Who read what about people, and who took it away: the access journal.

It lies outside the log. What was read must be able to expire, reading must not move positions, and
a log that is handed over must not tell who looked at it.
"""

from tocsin.access.checking import Checked
from tocsin.access.journal import Asked, Journal
from tocsin.access.records import Access, AccessTrouble, Entry, JournalUnavailable, Kind, Through
from tocsin.access.stating import stated_purpose

__all__ = [
    "Access",
    "AccessTrouble",
    "Asked",
    "Checked",
    "Entry",
    "Journal",
    "JournalUnavailable",
    "Kind",
    "Through",
    "stated_purpose",
]
