"""What do the read models say, and how do they follow the log?

A projection needs what is imported here, and nothing else of this package.
"""

from tocsin.readmodels.projection import Projection, Query, each_event, found, query
from tocsin.readmodels.reading import Cursor, Limit, Page, View
from tocsin.readmodels.rowclass import row
from tocsin.readmodels.shape import Indexed, Key, holds

__all__ = [
    "Cursor",
    "Indexed",
    "Key",
    "Limit",
    "Page",
    "Projection",
    "Query",
    "View",
    "each_event",
    "found",
    "holds",
    "query",
    "row",
]
