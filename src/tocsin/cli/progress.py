"""Progress bars: on standard error, where that is a terminal, and nowhere else."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from tocsin.cli.frame import Session

Show = Callable[[int, int], None]
"""Takes how much is done and how much there is."""


class Rate(ProgressColumn):
    """How many a second."""

    def __init__(self, unit: str) -> None:
        super().__init__()
        self.unit = unit

    def render(self, task: Task) -> Text:
        """The rate so far."""
        return Text(f"{task.finished_speed or task.speed or 0:,.0f} {self.unit}/s", style="dim")


@contextmanager
def bar(session: Session, unit: str, what: str = "") -> Iterator[Show]:
    """Show progress while the block runs; cleared at its end."""
    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(unit),
        TimeRemainingColumn(),
        console=session.err,
        transient=True,
        disable=not session.err.is_terminal,
    )
    with progress:
        task = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
