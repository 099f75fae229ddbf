"""Are the libraries of the lake there? They are optional, and large."""

from importlib.util import find_spec

LIBRARIES = {"trends": ("pyarrow", "duckdb"), "delta": ("pyarrow", "deltalake")}
"""What each extra brings that writing takes."""
NOT_WRITTEN = (
    "The lake is not written, so there are no trends: it takes the extra `trends`,"
    " pip install 'tocsin[trends]'. TOCSIN_LAKE=false says that none is wanted."
)


class MissingExtra(ImportError):
    """They are not there. The sentence says how to get them."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(
            f"{what} takes the extra `{extra}`, which is not installed:"
            f" pip install 'tocsin[{extra}]'."
        )


def installed(extra: str = "trends") -> bool:
    """Whether what an extra brings is there."""
    return all(find_spec(library) is not None for library in LIBRARIES[extra])


def need(what: str = "The lake", extra: str = "trends") -> None:
    """Return if it is.

    Raises:
        MissingExtra: it is not.
    """
    if not installed(extra):
        raise MissingExtra(what, extra)
