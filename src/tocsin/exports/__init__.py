"""The log in the formats of others. Each module with a `NAME` and a `write` is a format."""

from importlib import import_module
from pkgutil import iter_modules

from tocsin.exports.format import Format


def formats() -> dict[str, Format]:
    """Every format there is, by the name that the command line gives it."""
    modules = (import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__))
    return {module.NAME: module for module in modules if hasattr(module, "NAME")}
