"""What a backup says of itself. It is written last: a folder without it is no backup."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from tocsin.unavailable import StoreUnavailable

FORMAT = 1
"""Of the manifest and of what lies beside it."""
MANIFEST = "manifest.json"
LOG, KEYS, ACCESS = "tocsin.db", "keys.db", "access.db"
DATABASES = (LOG, KEYS, ACCESS)
PERSONAL = {
    LOG: "Names and free texts, sealed under keys of the vault; in clear what was recorded without"
    " a vault.",
    KEYS: "The owners of API keys, in clear. No key can be made from what is here.",
    ACCESS: "Who read which incident: names sealed, the rest in clear.",
    "evidence": "The content of evidence, sealed as the texts of its incident are.",
}
"""What is about people, by the file or folder that it is in."""

_KINDS: Mapping[str, Any] = {
    **dict.fromkeys(("version", "store", "root"), str),
    **dict.fromkeys(("schema", "position", "reference"), int),
    **dict.fromkeys(("counts", "files", "evidence", "personal"), dict),
    "checkpoint": str | None,
}
"""What stands in a manifest."""

Show = Callable[[str, int, int], None]
"""Takes what is counted, how much of it is done, and how much there is."""
Stop = Callable[[], bool]


class BackupTrouble(Exception):
    """It cannot be done as asked, or a backup is not what it was. The sentence says why."""


class BackupUnavailable(StoreUnavailable):
    """A backup cannot be written or read at the moment."""


class Interrupted(Exception):
    """Somebody wants no more of it. Nothing was left behind."""


def silent(_what: str, _done: int, _total: int) -> None:
    """Progress that nobody watches."""


def never() -> bool:
    """A stop that nobody asks for."""
    return False


@dataclass(frozen=True, kw_only=True)
class Kept:
    """One file as it was when the backup was made."""

    bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Pieces:
    """The content of evidence that the log refers to."""

    copied: bool
    """Whether it lies in the backup, or is only named there."""
    named: int
    lacking: tuple[str, ...] = ()
    """Hashes of what was to be copied, and was not there or not what it was."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What there is, as of which moment, and by what it is recognised."""

    version: str
    """Of the program that made it."""
    made_at: datetime
    """What was acknowledged by then is in it. All of it is of one moment, then or soon after."""
    store: str
    """Where it was: `sqlite` or `postgresql`. It can be restored to either."""
    schema: int
    position: int
    reference: int
    """The highest number of an incident that was given out or reserved."""
    root: str
    """Of the hash tree over all events, in base64 as in a checkpoint."""
    checkpoint: str | None
    """The last one that was signed of the log."""
    counts: Mapping[str, int]
    """How many rows there are of what."""
    files: Mapping[str, Kept]
    evidence: Pieces
    personal: Mapping[str, str] = field(default_factory=dict)
    format: int = FORMAT

    def write(self, folder: Path) -> Path:
        """Say it in a folder."""
        document = {**asdict(self), "made_at": self.made_at.isoformat()}
        file = folder / MANIFEST
        file.touch(mode=0o600)
        file.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", "utf-8")
        return file


def read_manifest(folder: Path) -> Manifest:
    """What a backup says of itself; nothing is compared with it yet.

    Raises:
        BackupTrouble: it is no backup, not a whole one, or one of a newer version.
    """
    file = folder / MANIFEST
    try:
        raw: dict[str, Any] = json.loads(file.read_text("utf-8"))
    except FileNotFoundError as error:
        raise BackupTrouble(
            f"{folder} is no backup, or not a whole one: there is no {MANIFEST} in it."
        ) from error
    except NotADirectoryError as error:
        raise BackupTrouble(f"{folder} is a file; a backup is a folder.") from error
    except OSError as error:
        raise BackupUnavailable(f"{file} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise BackupTrouble(f"{file} is damaged: {error}.") from error
    try:
        if raw["format"] > FORMAT:
            raise BackupTrouble(
                f"{folder} is a backup of format {raw['format']}; this version knows up to"
                f" {FORMAT}. Use a newer one."
            )
        return _manifest(raw)
    except (KeyError, TypeError, ValueError) as error:
        raise BackupTrouble(f"{file} is damaged: {type(error).__name__} {error}.") from error


def _manifest(raw: dict[str, Any]) -> Manifest:
    for name, kinds in _KINDS.items():
        if not isinstance(raw[name], kinds):
            raise TypeError(f"{name} is a {type(raw[name]).__name__}")
    evidence = {**raw["evidence"], "lacking": tuple(raw["evidence"]["lacking"])}
    files = {name: Kept(**kept) for name, kept in raw["files"].items()}
    for name in files:
        if Path(name).name != name:
            raise ValueError(f"{name!r} is no name of a file of a backup")
    values = {name: raw[name] for name in Manifest.__dataclass_fields__}
    made_at = datetime.fromisoformat(raw["made_at"])
    return Manifest(
        **{**values, "made_at": made_at, "files": files, "evidence": Pieces(**evidence)}
    )
