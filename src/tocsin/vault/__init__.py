"""Whose words and names may still be read? The keys of what is sealed in the log, and their end.

They lie outside the log, with backups of their own: who destroys a key here has destroyed what it
sealed in every copy of the log.
"""

from tocsin.vault.records import (
    FORGOTTEN,
    LOST,
    NOTICED_SECONDS,
    Counts,
    Person,
    VaultTrouble,
    VaultUnavailable,
)
from tocsin.vault.vault import Vault

__all__ = [
    "FORGOTTEN",
    "LOST",
    "NOTICED_SECONDS",
    "Counts",
    "Person",
    "Vault",
    "VaultTrouble",
    "VaultUnavailable",
]
