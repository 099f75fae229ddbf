"""File systems of a test's own: in memory, or in a file, which is the disk whose power can fail."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

QUIET_SECONDS = 20.0
OPTIONS = "loop,noatime,commit=300"
"""The system writes nothing back by itself within five minutes: what is there was asked for."""
MENDED = 1
"""What e2fsck says when something was wrong, and is not any more."""
TOOLS = ("mkfs.ext4", "e2fsck", "mount", "umount", "losetup")


def lacking() -> str:
    """What is missing on this machine for any of it."""
    if os.geteuid() != 0:
        return "mounting a disk takes root: run it as root, in a container of its own"
    if missing := [tool for tool in TOOLS if not shutil.which(tool)]:
        return f"{', '.join(missing)} missing: apt-get install e2fsprogs mount"
    if not Path("/dev/loop-control").exists():
        return "there are no loop devices here: modprobe loop, or a container that is allowed them"
    return ""


def run(*command: str | Path) -> str:
    """Run a tool of the system."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(map(str, command))}: {done.stderr.strip()}"
    return done.stdout


@contextmanager
def tmpfs(place: Path, megabytes: int) -> Iterator[Path]:
    """A file system in memory of this size."""
    place.mkdir(mode=0o700)
    run("mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=700", "none", place)
    try:
        yield place
    finally:
        _unmount(place)


@contextmanager
def mounted(image: Path, place: Path) -> Iterator[Path]:
    """The file system in this file, there."""
    place.mkdir(mode=0o700, exist_ok=True)
    run("mount", "-o", OPTIONS, image, place)
    try:
        yield place
    finally:
        _unmount(place)


def _unmount(place: Path) -> None:
    """Wait for those who have just been killed; what is open after that is somebody's fault."""
    until = monotonic() + QUIET_SECONDS
    while subprocess.run(["umount", place], capture_output=True, check=False).returncode:
        if monotonic() > until:
            run("umount", "-l", place)
            raise AssertionError(f"{place} is still in use")
        sleep(0.05)


def formatted(image: Path, megabytes: int) -> Path:
    """A disk of this size: a file with an empty ext4 in it."""
    with image.open("wb") as file:
        file.truncate(megabytes << 20)
    run("mkfs.ext4", "-q", "-F", "-m", "0", "-E", "lazy_itable_init=0,lazy_journal_init=0", image)
    return image


def repaired(image: Path) -> None:
    """Make a file system whole again that had to be left as it was."""
    done = subprocess.run(["e2fsck", "-fy", image], capture_output=True, text=True, check=False)
    assert done.returncode <= MENDED, done.stdout


def copied(image: Path, to: Path) -> None:
    """Copy what the disk has, and not what the system has only in memory.

    What the file system has not written to its disk stands in pages of its own files, and the file
    behind the disk knows nothing of them. The copy is of one moment: it is made again if the disk
    was written meanwhile.
    """
    loop = run("losetup", "-n", "-O", "NAME", "-j", image).strip()
    figures = Path("/sys/block", Path(loop).name, "stat")
    until = monotonic() + QUIET_SECONDS
    while True:
        before = _writes(figures)
        run("cp", "--sparse=always", image, to)
        if before == _writes(figures) and not before[1]:
            return
        assert monotonic() < until, "the disk never comes to rest"
        sleep(0.01)


def _writes(figures: Path) -> tuple[str, int]:
    """Writes so far, and requests that are under way."""
    told = figures.read_text().split()
    return " ".join(told[4:8]), int(told[8])
