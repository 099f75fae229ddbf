"""Histories from other systems.

Each module with a `NAME` is an importer: with `import_file` of a file whose rows are updates, with
`import_folder` of a folder of documents.
"""

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType


def importers() -> dict[str, ModuleType]:
    """Every importer there is, by the name that the command line gives it."""
    modules = (import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__))
    return {module.NAME: module for module in modules if hasattr(module, "NAME")}
