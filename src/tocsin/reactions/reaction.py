"""What a reaction is, and where it is found.

A reaction is a module of this package with a docstring (what the system does by itself) and a pure
`react(recorded)`, which yields what is to be asked of the desk. It sees the events that the
annotation of `react` names; if it has a second parameter `past`, it may look up what had happened
by then. What it asks for may come late or not be wanted any more, so its
commands yield nothing where somebody's would be refused.
"""

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Any, get_args, get_type_hints
from uuid import UUID

from tocsin import reactions
from tocsin.domain.kernel import Command, Event

PAST = "past"
"""The parameter by which a reaction asks for the past."""


@dataclass(frozen=True)
class Asked:
    """A command, and the stream of which it is asked."""

    command: Command[Any]
    stream: UUID


@dataclass(frozen=True, eq=False)
class Reaction:
    """What the system does by itself when it learns of certain events."""

    name: str
    doc: str
    react: Callable[..., Iterable[Asked]]
    events: tuple[str, ...]
    """The stored names of the events that it answers."""
    looks_back: bool = False
    """Whether it wants the past as well."""

    @classmethod
    def of(cls, module: ModuleType) -> "Reaction":
        """Read a reaction off its module.

        Raises:
            TypeError: it does not say what it does, or to which events.
        """
        name, doc = module.__name__.rpartition(".")[2], inspect.getdoc(module)
        if not doc:
            raise TypeError(f"reaction {name} does not say what it does")
        looks_back = PAST in inspect.signature(module.react).parameters
        events = tuple(_events(name, module.react))
        return cls(name, doc, module.react, events, looks_back)


def _events(name: str, react: Callable[..., Any]) -> Iterable[str]:
    first, *_ = inspect.signature(react).parameters
    said = get_args(get_type_hints(react)[first])
    for kind in (get_args(said[0]) or said) if len(said) == 1 else (None,):
        if not (isinstance(kind, type) and issubclass(kind, Event)):
            raise TypeError(f"reaction {name} must take Recorded[...] of events")
        yield kind.event_name


def found(package: ModuleType = reactions) -> list[Reaction]:
    """Every reaction there is, in the order of their names."""
    names = sorted(module.name for module in iter_modules(package.__path__))
    modules = [import_module(f"{package.__name__}.{name}") for name in names]
    return [Reaction.of(module) for module in modules if hasattr(module, "react")]
