"""Where tests write: in memory if there is plenty, for nothing they write outlives them.

Nothing asks less for it: every fsync is made and waited for, and what is killed finds what it
wrote. Only the disk, which is slow and shared, has nothing to say. Whoever names a place for
temporary files with TMPDIR gets that.
"""

import os
import shutil
import tempfile
from pathlib import Path

import psutil

MEMORY = Path("/dev/shm")
PLENTY = 8 * 2**30
"""Bytes that are free, of which the whole suite takes a small part."""


def write_to_memory() -> None:
    """Temporary files of this process, and of those that it starts, lie in memory from now on."""
    if "TMPDIR" in os.environ or not os.access(MEMORY, os.W_OK | os.X_OK):
        return
    if min(shutil.disk_usage(MEMORY).free, psutil.virtual_memory().available) < PLENTY:
        return
    os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)
