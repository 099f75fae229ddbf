"""The content of evidence: named in every backup, and copied where that is wanted.

It lies under the hash of its stored bytes, and the log names that hash: whatever is found under a
name can be compared with the name itself.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path

from tocsin.backup.folder import MODE_FILE, MODE_FOLDER, copied, discarded, settle
from tocsin.backup.manifest import BackupTrouble, Interrupted, Pieces, Show, Stop
from tocsin.evidence.pieces import referred
from tocsin.evidence.places import NotThere, Place, is_hash, started
from tocsin.evidence.storage import Storage
from tocsin.settings import Settings
from tocsin.store.log import Log
from tocsin.store.sealing import VEIL

FOLDER, NAMES = "evidence", "evidence.txt"
PART = 1 << 16


def take(settings: Settings, folder: Path, *, content: bool, show: Show, stop: Stop) -> Pieces:
    """Write down what the log in a folder refers to, and copy it if that is wanted.

    Raises:
        StorageUnavailable: it cannot be reached.
        Interrupted: `stop` said so.
    """
    with closing(Log.open(Settings(home=folder, lake=False), veiled=True)) as log:
        names = list(dict.fromkeys(each.name for each in referred(log)))
    listed = folder / NAMES
    listed.touch(mode=MODE_FILE)
    listed.write_text("".join(f"{name}\n" for name in names), "ascii")
    lacking = []
    if content and names:
        place = Storage.open(settings, VEIL).place
        for number, name in enumerate(names, 1):
            if stop():
                raise Interrupted
            if not _taken(place, name, _path(folder, name)):
                lacking.append(name)
            show("evidence", number, len(names))
    return Pieces(copied=content, named=len(names), lacking=tuple(lacking))


def _taken(place: Place, name: str, new: Path) -> bool:
    """Copy what is stored under a hash; whether it was there and is what it was."""
    for each in (new.parent.parent, new.parent):
        each.mkdir(mode=MODE_FOLDER, exist_ok=True)
    new.touch(mode=MODE_FILE)
    digest = sha256()
    try:
        with place.reading(name) as file, new.open("wb") as writing:
            while part := file.read(PART):
                digest.update(part)
                writing.write(part)
    except NotThere:
        discarded(new)
        return False
    settle(new)
    if digest.hexdigest() != name:
        discarded(new)
        return False
    settle(new.parent)
    return True


def named(folder: Path) -> list[str]:
    """What a backup names, in the order in which it was attached.

    Raises:
        BackupTrouble: it names what is no hash.
    """
    names = (folder / NAMES).read_text("ascii").split()
    if strange := [name for name in names if not is_hash(name)]:
        raise BackupTrouble(f"{folder / NAMES} names {strange[0][:80]!r}, which is no hash.")
    return names


def there(folder: Path, pieces: Pieces) -> Iterator[str]:
    """The hashes of what was copied into a backup."""
    if pieces.copied:
        lacking = set(pieces.lacking)
        yield from (name for name in named(folder) if name not in lacking)


def check(folder: Path, pieces: Pieces, show: Show, stop: Stop) -> list[str]:
    """The hashes of what is not there, or not what it was, although it was copied."""
    wrong, names = [], list(there(folder, pieces))
    for number, name in enumerate(names, 1):
        if stop():
            raise Interrupted
        if _hash(_path(folder, name)) != name:
            wrong.append(name)
        show("evidence", number, len(names))
    return wrong


def _hash(file: Path) -> str:
    digest = sha256()
    try:
        with file.open("rb") as reading:
            while part := reading.read(PART):
                digest.update(part)
    except FileNotFoundError:
        return ""
    return digest.hexdigest()


def put_back(settings: Settings, folder: Path, pieces: Pieces, show: Show, stop: Stop) -> int:
    """Put what was copied where the settings say that evidence lies; how much it was. What is
    there already stays.

    Raises:
        StorageUnavailable: it cannot be written.
        Interrupted: `stop` said so.
    """
    names = list(there(folder, pieces))
    if not names:
        return 0
    place = Storage.open(settings, VEIL).place
    for number, name in enumerate(names, 1):
        if stop():
            raise Interrupted
        if not _is_there(place, name):
            with _spooled(place) as path:
                copied(_path(folder, name), path)
                place.keep(path, name)
        show("evidence", number, len(names))
    return len(names)


def _is_there(place: Place, name: str) -> bool:
    try:
        with place.reading(name):
            return True
    except NotThere:
        return False


@contextmanager
def _spooled(place: Place) -> Iterator[Path]:
    path, file = started(place.spool)
    file.close()
    try:
        yield path
    finally:
        discarded(path)


def _path(folder: Path, name: str) -> Path:
    return folder / FOLDER / name[:2] / name
