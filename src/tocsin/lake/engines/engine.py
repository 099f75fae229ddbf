"""What an engine is, and which there are.

An engine is a module of this folder with `SCHEMES`, the words that its address may begin with, and
`connect(address, settings, folder)`, which returns an `IbisEngine`.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa

import tocsin.lake.engines as home
from tocsin.settings import Settings


class EngineRefused(Exception):
    """An engine cannot be used. The sentence says why, and the way out."""


class UnknownEngine(EngineRefused):
    """No engine has such an address. The sentence lists those that there are."""


class IbisEngine:
    """An Ibis backend that reads Parquet files where they lie."""

    name = ""

    def __init__(self, backend: Any) -> None:
        self.backend = backend

    def parquet(self, name: str, files: Sequence[Path]) -> Any:
        """An Ibis table over files of the same columns, in place of the last one of that name."""
        return self.backend.read_parquet([str(file) for file in files], table_name=name)

    def arrow(self, expression: Any) -> pa.Table:
        """What an expression comes to, as columns."""
        return self.backend.to_pyarrow(expression)

    def answer(self, key: tuple[object, ...], build: Callable[[], Any]) -> pa.Table:
        """The same of an expression that the key stands for: it need not be built and put into
        words each time that it is asked for."""
        return self.arrow(build())

    def close(self) -> None:
        """Let go of everything."""
        self.backend.disconnect()


def modules() -> Iterator[ModuleType]:
    """Every engine there is."""
    for found in pkgutil.iter_modules(home.__path__):
        module = importlib.import_module(f"{home.__name__}.{found.name}")
        if hasattr(module, "SCHEMES"):
            yield module


def connect(address: str, settings: Settings, folder: Path) -> IbisEngine:
    """The engine at an address, as `duckdb` or `spark://host:7077`; `folder` is for what does not
    fit into memory.

    Raises:
        UnknownEngine: there is none for such an address.
        EngineRefused: its libraries are missing, or it does not answer.
    """
    scheme = address.partition("://")[0].partition("[")[0]
    known: list[str] = []
    for module in modules():
        if scheme in module.SCHEMES:
            engine: IbisEngine = module.connect(address, settings, folder)
            return engine
        known += module.SCHEMES
    raise UnknownEngine(f"There is no engine {address!r}. Known are {', '.join(sorted(known))}.")
