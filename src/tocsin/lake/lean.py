"""What the processes that only write or ask the lake do without."""

import sys
from typing import Final

import pyarrow as pa

UNWANTED: Final = "pandas"


class _Hidden:
    """A finder that does not let it be found."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        """Nothing, for every other module."""
        if name == UNWANTED:
            raise ModuleNotFoundError(f"{name} is not wanted here.", name=name)


def lean() -> None:
    """Keep pandas out of this process: at the first column that it makes, pyarrow looks whether
    pandas is there, and imports it, which takes a fifth of a second and 45 MB, to recognise its
    series. Here there are none. It looks once only."""
    hidden = _Hidden()
    sys.meta_path.insert(0, hidden)
    try:
        pa.array([])
    finally:
        sys.meta_path.remove(hidden)
