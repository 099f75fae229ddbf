"""What an engine needs around it: a library, a Java, and the lake's folder where it can see it."""

import importlib
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

from tocsin.lake.engines.engine import EngineRefused
from tocsin.settings import Settings


def library(engine: str, extra: str, *names: str) -> list[ModuleType]:
    """The modules that an engine takes.

    Raises:
        EngineRefused: one of them is not installed.
    """
    try:
        return [importlib.import_module(name) for name in names]
    except ImportError as error:
        raise EngineRefused(
            f"The engine {engine} needs {error.name or names[0]}, which is not installed:"
            f" pip install 'tocsin[trends,{extra}]'."
        ) from error


PATTERN = frozenset("*?[]{}")
"""What engines take for a pattern in the name of a file, and find no such file, or others."""


def seen(files: Iterable[Path], settings: Settings) -> list[str]:
    """Where the engine finds files of the lake: where they are here, unless it sees them elsewhere.

    Raises:
        EngineRefused: a file lies outside the lake that the engine sees elsewhere, or has a name
            that it cannot be told.
    """
    elsewhere, here = settings.lake_seen_as.rstrip("/"), settings.lake_place
    try:
        found = [
            f"{elsewhere}/{file.relative_to(here).as_posix()}" if elsewhere else str(file)
            for file in files
        ]
    except ValueError as error:
        raise EngineRefused(
            f"TOCSIN_LAKE_SEEN_AS is about {here}, and this is another lake ({error})."
            " Set TOCSIN_LAKE_FOLDER to the lake that is asked, or unset TOCSIN_LAKE_SEEN_AS."
        ) from error
    for name in found:
        if PATTERN & {*name}:
            raise EngineRefused(
                f"The engine would take {name} for a pattern. Set TOCSIN_LAKE_FOLDER to a folder"
                " without asterisks, question marks, brackets or braces in its name, or use DuckDB."
            )
    return found
