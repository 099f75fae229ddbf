"""The home folder: whose it is, who can read it, on which file system, and how much fits in."""

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from tocsin.cli.examination.check import Check, bad, good, warn
from tocsin.settings import Settings

NETWORK = frozenset(
    "nfs nfs4 cifs smb smb2 smb3 smbfs ncpfs afs 9p ceph glusterfs lustre gpfs beegfs ocfs2 gfs2"
    " fuse.sshfs fuse.s3fs fuse.glusterfs fuse.ceph fuse.rclone davfs fuse.davfs2 vboxsf".split()
)
"""File systems on which locks and flushes may not do what SQLite relies on."""
FLEETING = frozenset({"tmpfs", "ramfs"})
MOUNTS = Path("/proc/self/mountinfo")
LITTLE_BYTES = 1 << 30
NONE_BYTES = 64 << 20
OTHERS = stat.S_IRWXG | stat.S_IRWXO


def examine(settings: Settings) -> Iterator[Check]:
    """The folder, its modes, its file system and its space."""
    home = settings.home
    if not home.exists():
        if settings.database:
            yield good("home", f"{home} is not there, and not needed with PostgreSQL")
        else:
            yield warn("home", f"{home} is not there yet", "`tocsin serve` makes it.")
        return
    if not home.is_dir():
        yield bad("home", f"{home} is no folder", "Set TOCSIN_HOME to a folder.", unreachable=True)
        return
    yield _folder(home)
    yield _modes(home)
    kind = file_system(home)
    if not settings.database:
        yield _kind(home, kind)
    yield _space(home)


def _folder(home: Path) -> Check:
    owner, way = home.stat().st_uid, "Run every `tocsin` as the user whose folder it is."
    said = f"{home}, of user {owner}"
    if not os.access(home, os.R_OK | os.W_OK | os.X_OK):
        return bad("home", f"{said}, which this user cannot write", way, unreachable=True)
    if owner != os.geteuid():
        said += f", and this is user {os.geteuid()}, whose new files the other could not write"
        return warn("home", said, way)
    return good("home", said)


def _modes(home: Path) -> Check:
    """Others must not get in; where they cannot, the modes of the files do not matter."""
    mode = stat.S_IMODE(home.stat().st_mode)
    if not mode & OTHERS:
        return good("file modes", f"only its owner gets into the folder ({mode:04o})")
    open_to_all = sorted(
        file.name for file in home.iterdir() if stat.S_IMODE(file.stat().st_mode) & OTHERS
    )
    way = f"chmod 700 {home}"
    if open_to_all:
        said = f"others can get into the folder ({mode:04o}) and at {', '.join(open_to_all[:5])}"
        return bad("file modes", said, way)
    return warn("file modes", f"others can get into the folder ({mode:04o})", way)


def file_system(home: Path, mounts: Path = MOUNTS) -> str | None:
    """The kind of file system that a folder lies on; none where the system does not say."""
    try:
        lines = mounts.read_text().splitlines()
    except OSError:
        return None
    place, best, kind = home.resolve(), -1, None
    for line in lines:
        fields, _, rest = line.partition(" - ")
        point = Path(fields.split()[4].replace("\\040", " "))
        # What is mounted last over a place is what one sees there.
        if (place == point or point in place.parents) and len(point.parts) >= best:
            best, kind = len(point.parts), rest.split()[0]
    return kind


def _kind(home: Path, kind: str | None) -> Check:
    if kind is None:
        way = "Make sure that it is a local disk."
        return warn("file system", "the system does not say which it is", way)
    if kind in NETWORK:
        return bad(
            "file system",
            f"{home} lies on {kind}, a network file system: its locks and flushes cannot be"
            " relied on",
            "Set TOCSIN_HOME to a local disk, or use PostgreSQL.",
        )
    if kind in FLEETING:
        way = "Set TOCSIN_HOME to a disk, unless this is an experiment."
        return warn("file system", f"{home} lies on {kind}: gone when the machine stops", way)
    return good("file system", kind)


def _space(home: Path) -> Check:
    free = shutil.disk_usage(home).free
    said = f"{free / (1 << 30):,.1f} GiB free"
    if free < NONE_BYTES:
        return bad("disk", said, "Make room: commands are refused when the disk is full.")
    if free < LITTLE_BYTES:
        return warn("disk", said, "Make room before it is full.")
    return good("disk", said)
