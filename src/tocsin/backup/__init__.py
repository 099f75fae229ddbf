"""How is all of it kept twice? The log, the keys to the API and who read what, as of one moment, in
a folder that says of itself whether it is whole; and put back into a new place.

The folder is the same from either store, and either store takes it: it is a home of the embedded
store, to be read by every command. Read models and the lake are no part of it, as they are made of
the log. Nor are the keys of the vault: what they seal has to end everywhere when they do, so their
copies lie elsewhere, and expire.
"""

from tocsin.backup.checking import Checked, check
from tocsin.backup.making import Made, back_up
from tocsin.backup.manifest import (
    BackupTrouble,
    BackupUnavailable,
    Interrupted,
    Manifest,
    read_manifest,
)
from tocsin.backup.restoring import Restored, restore

__all__ = [
    "BackupTrouble",
    "BackupUnavailable",
    "Checked",
    "Interrupted",
    "Made",
    "Manifest",
    "Restored",
    "back_up",
    "check",
    "read_manifest",
    "restore",
]
