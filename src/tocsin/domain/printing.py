"""Which texts show as what they are."""

import re

UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""Control characters but tab and newline, odd line ends, and marks that turn the reading order."""


def printable(text: str) -> bool:
    """Nothing that breaks terminals, logs and text columns, or shows other than it is.

    `str.isprintable` alone would refuse what people paste: hard spaces, joined emojis.
    """
    return text.isprintable() or not UNPRINTABLE.search(text)
