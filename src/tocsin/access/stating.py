"""What may be said of an access: short, and in letters that people see."""

import re

from tocsin.access.records import PURPOSE_LENGTH, AccessTrouble

_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)


def stated_purpose(text: str) -> str:
    """The purpose, without the spaces around it.

    Raises:
        AccessTrouble: it is too long, or holds what nobody would see.
    """
    purpose = text.strip()
    if len(purpose) > PURPOSE_LENGTH:
        raise AccessTrouble(f"A purpose has {PURPOSE_LENGTH} letters at most.")
    if _UNSEEN.search(purpose):
        raise AccessTrouble("A purpose is one line of printable letters.")
    return purpose
