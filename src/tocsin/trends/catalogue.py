"""Which trends are there? Found, not registered: one module each, wherever somebody put it.

In `projections.trends`, in the entry-point group `tocsin.trends` of any distribution, and as files
in the folder that TOCSIN_TRENDS names.
"""

import importlib
import importlib.util
import inspect
import pkgutil
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

from tocsin.trends.definition import Misdefined, Trend

PACKAGE = "projections.trends"
GROUP = "tocsin.trends"
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def trends(folder: Path | None = None) -> Mapping[str, Trend]:
    """Every trend by its name, in the order of the names; with those of a folder of one's own.

    Raises:
        Misdefined: one of them is not whole, or two have one name.
    """
    known: dict[str, Trend] = {}
    for name, module in _modules(folder):
        trend = of(name, module)
        if trend.name in known:
            raise Misdefined(f"There are two trends {trend.name}: rename one of them.")
        known[trend.name] = trend
    return dict(sorted(known.items()))


def of(name: str, module: ModuleType) -> Trend:
    """The trend of a module.

    Raises:
        Misdefined: something is missing there, or cannot work.
    """
    name = name.replace("_", "-")
    if not NAME.fullmatch(name):
        raise Misdefined(f"A trend cannot be called {name!r}: use lower case letters and hyphens.")
    trend, version = getattr(module, "TREND", None), getattr(module, "VERSION", None)
    doc = inspect.getdoc(module)
    if not isinstance(trend, Trend):
        raise Misdefined(f"The trend {name} lacks `TREND = Trend(...)`.")
    if not isinstance(version, int) or version < 1:
        raise Misdefined(f"The trend {name} lacks its VERSION, a number from 1.")
    if not doc:
        raise Misdefined(f"The trend {name} lacks a docstring: its definition in words.")
    whole = replace(trend, name=name, doc=doc, version=version)
    for flaw in whole.flaws():
        raise Misdefined(f"The trend {name} {flaw}.")
    return whole


def _modules(folder: Path | None) -> Iterator[tuple[str, ModuleType]]:
    home = importlib.import_module(PACKAGE)
    for found in pkgutil.iter_modules(home.__path__):
        yield found.name, importlib.import_module(f"{PACKAGE}.{found.name}")
    for entry in entry_points(group=GROUP):
        yield entry.name, entry.load()
    if folder is not None:
        for file in sorted(folder.glob("*.py")):
            yield file.stem, _loaded(file)


def _loaded(file: Path) -> ModuleType:
    """A module from a file that no package holds."""
    name = f"tocsin_trends_of_your_own.{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise Misdefined(f"{file} cannot be read: {type(error).__name__}: {error}") from error
    return module
