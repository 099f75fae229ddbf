"""What a projection is, and where it is found.

A projection is a module: a docstring (the question it answers), `VERSION`, a frozen dataclass
`Row`, a pure `fold(row, recorded)`, and functions marked with `@query("/path")`. It sees the
events that the annotation of its `fold` names. Put the module into the package `projections`, or
name it in the entry-point group `tocsin.projections` of another distribution: it is served.

Where several rows follow from what is known of one thing, the module also has a frozen dataclass
`State` and a pure `rows(state)`: then the state is what is folded, and its rows are public. Where
the rows also depend on a small stream that all of them share, such as the policies, it names the
class that folds that stream as its `CONTEXT`; `fold` and `rows` get it if they take a `context`.
"""

import dataclasses
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from importlib.metadata import entry_points
from types import ModuleType
from typing import Any, TypeVar, cast, get_args, get_type_hints
from uuid import UUID

from tocsin.domain.kernel import EVENTS, Event, Recorded
from tocsin.readmodels.context import Context
from tocsin.readmodels.shape import Shape

F = TypeVar("F", bound=Callable[..., Any])
CONTEXT = "context"
"""The parameter by which a fold, or rows, asks for the context."""
PACKAGE = "projections"
GROUP = "tocsin.projections"
NAME_LENGTH = 40
"""Leaves room in the name of an index for version, generation, `_state` and a number."""


class Misshapen(TypeError):
    """A module is not a projection, and what it lacks."""


def query(
    path: str, *, past: bool = False, personal: tuple[str, ...] | None = ()
) -> Callable[[F], F]:
    """Serve a function at a path. Its parameters after the view are those of the request.

    With `past`, it can also be asked as of another moment: then its rows are folded from the log
    alone, one incident's after the other's. Names and texts stay sealed meanwhile and only those
    of the rows that are shown are opened, unless one of the `personal` parameters is asked with;
    none of those is said of a question whose every answer names people.
    """

    def mark(function: F) -> F:
        function.__dict__.update(query_path=path, query_past=past, query_personal=personal)
        return function

    return mark


def each_event(recorded: Recorded[Any]) -> Iterable[int]:
    """Keys for a projection in which every event makes a row of its own, named by its position.

    `keys = each_event` also tells the runtime that there is never an earlier row to load.
    """
    return (recorded.position,)


@dataclasses.dataclass(frozen=True)
class Query:
    """A question that a projection answers over HTTP."""

    path: str
    function: Callable[..., Any]
    past: bool = False
    """Whether it can be asked as of another moment."""
    personal: tuple[str, ...] | None = ()
    """The parameters that name a person, or look for words; none: it answers with people."""

    def opens(self, asked: Mapping[str, Any]) -> bool:
        """Whether it can only be answered from names and texts that are open."""
        if self.personal is None:
            return True
        return any(asked.get(name) is not None for name in self.personal)

    @property
    def name(self) -> str:
        return self.function.__name__

    @property
    def doc(self) -> str:
        return inspect.getdoc(self.function) or ""

    @property
    def parameters(self) -> dict[str, inspect.Parameter]:
        """What the request may say, in order, with resolved annotations and defaults."""
        annotations = get_type_hints(self.function, include_extras=True)
        named = list(inspect.signature(self.function).parameters.values())[1:]
        return {p.name: p.replace(annotation=annotations[p.name]) for p in named}

    @property
    def returns(self) -> Any:
        return get_type_hints(self.function, include_extras=True)["return"]


@dataclasses.dataclass(frozen=True, eq=False)
class Projection:
    """A read model: how its rows follow from the events, and what can be asked of them."""

    name: str
    version: int
    doc: str
    shape: Shape[Any]
    fold: Callable[..., Any]
    takes_key: bool
    """Whether the fold wants to be told which of several keys it folds."""
    keys: Callable[[Recorded[Any]], Iterable[Any]] | None
    """Which rows an event touches; none for the one row of its stream."""
    elsewhere: frozenset[type[Event]] | None
    """Where there are keys: the events that touch other rows than the one of their stream. None
    if nobody has said."""
    events: frozenset[type[Event]]
    queries: tuple[Query, ...]
    states: Shape[Any] | None = None
    """What is folded, where that is not the rows themselves."""
    rows: Callable[..., Iterable[Any]] | None = None
    """The rows that a state stands for."""
    context: Callable[[], Context] | None = None
    shows: Callable[..., bool] | None = None
    """Of which incidents alone its questions tell, by their status and whether they are logged."""

    @property
    def row(self) -> type[Any]:
        return self.shape.row

    @classmethod
    def of(cls, module: ModuleType, name: str | None = None) -> "Projection":
        """Read a projection off its module.

        Raises:
            Misshapen: something is missing, or of a kind that cannot work.
        """
        name = name or module.__name__.rpartition(".")[2]
        for part in ("__doc__", "VERSION", "Row", "fold"):
            if getattr(module, part, None) is None:
                raise Misshapen(f"projection {name} has no {part}")
        if not (name.isidentifier() and name.islower() and len(name) <= NAME_LENGTH):
            raise Misshapen(f"projection {name} needs a short name of lower case letters")
        stateful = hasattr(module, "State")
        try:
            shape = Shape.of(module.Row)
            states = Shape.of(module.State) if stateful else None
            events = _events(module.fold)
            elsewhere = _elsewhere(module, events)
            rows, context = _rows(module), _context(module)
        except (TypeError, NameError) as error:
            raise Misshapen(f"projection {name}: {error}") from error
        functions = [f for f in vars(module).values() if hasattr(f, "query_path")]
        queries = tuple(Query(f.query_path, f, f.query_past, f.query_personal) for f in functions)
        if stateful and any(query.past for query in queries):
            raise Misshapen(f"projection {name} has a State, and is of no past")
        return cls(
            name=name,
            version=module.VERSION,
            doc=inspect.getdoc(module) or "",
            shape=shape,
            fold=module.fold,
            takes_key=len(_parameters(module.fold) - {CONTEXT}) > 2,
            keys=getattr(module, "keys", None),
            elsewhere=elsewhere,
            events=events,
            queries=queries,
            states=states,
            rows=rows,
            context=context,
            shows=getattr(module, "shows", None),
        )


def within(context: Context | None, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, told of the context if it wants to be."""
    wanted = context is not None and CONTEXT in _parameters(function)
    return partial(function, context=context) if wanted else function


def _parameters(function: Callable[..., Any]) -> set[str]:
    return set(inspect.signature(function).parameters)


def _rows(module: ModuleType) -> Callable[..., Iterable[Any]] | None:
    """How a module's states become rows; none when its rows are what it folds."""
    if not hasattr(module, "State"):
        return None
    rows = getattr(module, "rows", None)
    if not callable(rows):
        raise TypeError("it has a State, so it needs rows(state), which says what rows that makes")
    if getattr(module, "keys", None) is each_event:
        raise TypeError("what makes a row of each event has no State")
    return cast(Callable[..., Iterable[Any]], rows)


def _context(module: ModuleType) -> Callable[[], Context] | None:
    """The class of a module's context, if it has one."""
    functions = [module.fold] + ([module.rows] if hasattr(module, "State") else [])
    wanted = any(CONTEXT in _parameters(function) for function in functions)
    context = getattr(module, "CONTEXT", None)
    if (context is not None) is not wanted:
        raise TypeError("a CONTEXT and a fold or rows with the parameter context need each other")
    if context is None:
        return None
    if not (isinstance(getattr(context, "stream", None), UUID) and hasattr(context, "add")):
        raise TypeError("a CONTEXT is a class with the UUID of its stream and add(recorded)")
    return cast(Callable[[], Context], context)


def _events(fold: Callable[..., Any]) -> frozenset[type[Event]]:
    """The event classes that a fold's second parameter says it takes: `Recorded[A | B]`."""
    second = list(inspect.signature(fold).parameters)[1]
    (said,) = get_args(get_type_hints(fold)[second]) or (Event,)
    if said is Any or said is Event:
        return frozenset(EVENTS.values())
    kinds = get_args(said) or (said,)
    if not all(isinstance(kind, type) and issubclass(kind, Event) for kind in kinds):
        raise TypeError("fold must be annotated with Recorded[...] of events")
    return frozenset(kinds)


def _elsewhere(module: ModuleType, events: frozenset[type[Event]]) -> frozenset[type[Event]] | None:
    """The events whose rows are not those of their streams, as far as the module says which."""
    if getattr(module, "keys", None) in (None, each_event):
        return frozenset()
    if not hasattr(module, "ELSEWHERE"):
        return None
    kinds = frozenset(get_args(module.ELSEWHERE) or (module.ELSEWHERE,))
    if not kinds <= events:
        raise TypeError("ELSEWHERE names events that its fold does not take")
    return kinds


def found(package: str = PACKAGE) -> list[Projection]:
    """Every projection there is, in the order of their names.

    Raises:
        Misshapen: one of them is not whole, or two have one name or one path.
    """
    home = importlib.import_module(package)
    modules = [
        (module.name, importlib.import_module(f"{package}.{module.name}"))
        for module in pkgutil.iter_modules(home.__path__)
        if not module.ispkg
    ]
    modules += [(entry.name, entry.load()) for entry in entry_points(group=GROUP)]
    projections = sorted((Projection.of(m, name) for name, m in modules), key=lambda p: p.name)
    _distinct("name", [p.name for p in projections])
    _distinct("path", [q.path for p in projections for q in p.queries])
    return projections


def _distinct(what: str, names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise Misshapen(f"two projections have the {what} {name}")
