"""What can be asked of a review, in the chapters of its life. Importing this finds them all."""

from importlib import import_module
from pkgutil import iter_modules

for _chapter in iter_modules(__path__):
    import_module(f"{__name__}.{_chapter.name}")
