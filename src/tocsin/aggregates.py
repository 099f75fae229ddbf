"""Every kind of stream there is, found by walking the domain: importing this fills the catalogues.

A package of the domain with a module `events` is an aggregate: its events can be decoded, its
commands asked for, its refusals explained. There is no list to keep in step.
"""

from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules

from tocsin import domain

UNCOUNTED = frozenset({"evidence"})
"""Words that are the same for one and for many."""

for _found in iter_modules(domain.__path__):
    _name = f"{domain.__name__}.{_found.name}"
    if _found.ispkg and find_spec(f"{_name}.events"):
        import_module(f"{_name}.commands")


def collection(name: str) -> str:
    """What addresses call all of a kind."""
    return name if name in UNCOUNTED else f"{name}s"
