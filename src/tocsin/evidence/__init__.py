"""What shows what happened: kept outside the log, sealed, under the hash of its stored bytes."""

from tocsin.evidence.custody import Custodian, Described
from tocsin.evidence.places import StorageUnavailable
from tocsin.evidence.storage import Content, Incoming, NotReadable, Storage, Stored

__all__ = [
    "Content",
    "Custodian",
    "Described",
    "Incoming",
    "NotReadable",
    "Storage",
    "StorageUnavailable",
    "Stored",
]
