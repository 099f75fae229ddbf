"""Post-mortems, a folder of Markdown documents: each becomes one incident with its timeline."""

from tocsin.importers.post_mortem.events import SYSTEM
from tocsin.importers.post_mortem.folder import import_folder, read_folder

__all__ = ["NAME", "import_folder", "read_folder"]

NAME = SYSTEM
