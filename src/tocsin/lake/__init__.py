"""The log as columns: written beside the service, asked by whoever looks for trends.

`open_lake` is what a notebook needs.
"""

from typing import TYPE_CHECKING, Any

from tocsin.lake.extra import MissingExtra

if TYPE_CHECKING:
    from tocsin.lake.lake import Lake, NoLake, open_lake

__all__ = ["Lake", "MissingExtra", "NoLake", "open_lake"]


def __getattr__(name: str) -> Any:
    """Import late: most of Tocsin runs without the libraries of the lake.

    Raises:
        MissingExtra: they are not installed.
    """
    if name not in ("Lake", "NoLake", "open_lake"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        from tocsin.lake import lake
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in ("tocsin", "projections"):
            raise
        raise MissingExtra(f"The lake, which asks {error.name},", "trends") from error
    return getattr(lake, name)
