"""Progress bars: on standard error, where that is a terminal, and nowhere else."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from tocsin.cli.frame import Session

Show = Callable[[int, int], None]
"""Takes how much is done and how much there is."""
ShowEach = Callable[[str, int, int], None]
"""Takes what is counted, how much of it is done, and how much there is."""


class Rate(ProgressColumn):
    """How many a second."""

    def __init__(self, unit: str = "") -> None:
        super().__init__()
        self.unit = unit

    def render(self, task: Task) -> Text:
        """The rate so far."""
        unit = self.unit or task.description
        return Text(f"{task.finished_speed or task.speed or 0:,.0f} {unit}/s", style="dim")


@contextmanager
def bar(session: Session, unit: str, what: str = "") -> Iterator[Show]:
    """Show progress while the block runs; cleared at its end."""
    with _progress(session, unit) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


@contextmanager
def bars(session: Session) -> Iterator[ShowEach]:
    """The same for what is done in several parts: a bar for each of them, once it begins."""
    with _progress(session) as progress:
        tasks: dict[str, TaskID] = {}

        def show(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what, total=total)
            progress.update(tasks[what], completed=done, total=total)

        yield show


def _progress(session: Session, unit: str = "") -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(unit),
        TimeRemainingColumn(),
        console=session.err,
        transient=True,
        disable=not session.err.is_terminal,
    )
