"""Engines that add up the rows of a lake: one module each, found by the scheme of its address."""

from tocsin.lake.engines.engine import EngineRefused, IbisEngine, UnknownEngine, connect

__all__ = ["EngineRefused", "IbisEngine", "UnknownEngine", "connect"]
