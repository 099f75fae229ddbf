"""What a command may come to, read off its source: which events it records, how it is refused.

It follows the names in `decide` into the functions and methods of the domain that they name. It
says what may happen; the tests of the domain say when.
"""

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tocsin.domain.kernel import Command, Event, Refused


@dataclass
class Outcomes:
    """Everything that one command may come to, in the order in which its source says so."""

    events: dict[type[Event], None] = field(default_factory=dict)
    refusals: dict[type[Refused], None] = field(default_factory=dict)
    _seen: set[object] = field(default_factory=set)

    @classmethod
    def of(cls, command: type[Command[Any]]) -> "Outcomes":
        """Follow a command from its `decide`."""
        found = cls()
        found._follow(command.decide, command)
        return found

    def _follow(self, function: Callable[..., Any], command: type[Command[Any]]) -> None:
        if function in self._seen or not function.__module__.startswith("tocsin.domain"):
            return
        self._seen.add(function)
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
        for node in ast.walk(tree):
            for named in _named(node, inspect.unwrap(function).__globals__, command):
                if isinstance(named, type) and issubclass(named, Refused):
                    self.refusals[named] = None
                elif inspect.isfunction(named):
                    self._follow(named, command)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                made = function.__globals__.get(node.func.id)
                if isinstance(made, type) and issubclass(made, Event):
                    self.events[made] = None


def _named(node: ast.AST, names: dict[str, Any], command: type[Command[Any]]) -> Iterator[Any]:
    if isinstance(node, ast.Name) and node.id in names:
        yield names[node.id]
    if isinstance(node, ast.Attribute) and not node.attr.startswith("__"):
        for owner in (command, command.aggregate.states):
            if callable(method := getattr(owner, node.attr, None)):
                yield getattr(method, "__func__", method)
