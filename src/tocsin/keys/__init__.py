"""Who may ask: API keys, shown once, kept as digests, and every change to them for ever.

They lie outside the log: a log that is exported or copied must not carry them along.
"""

from tocsin.keys.records import Change, Key, KeysUnavailable, KeyTrouble, Scope
from tocsin.keys.store import Keys
from tocsin.keys.tokens import digest, new_token, well_formed

__all__ = [
    "Change",
    "Key",
    "KeyTrouble",
    "Keys",
    "KeysUnavailable",
    "Scope",
    "digest",
    "new_token",
    "well_formed",
]
