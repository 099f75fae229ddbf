"""A process beside the service that is watched as the service is: a projector, for one."""

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from prometheus_client import start_http_server

from tocsin.settings import Settings
from tocsin.telemetry import logs
from tocsin.telemetry.board import Board, folder
from tocsin.telemetry.figures import Figures
from tocsin.telemetry.sending import Collector, collector
from tocsin.variables import BadSetting

logger = logging.getLogger(__name__)


def begun(settings: Settings, process: str) -> Settings:
    """Begin to log while a service starts, and return the settings for all of its processes: they
    know a place where their figures meet."""
    logs.begin(settings, process, starting=True)
    if settings.workers_folder is not None:
        return settings
    try:
        return replace(settings, workers_folder=folder(settings.home))
    except OSError as error:
        logger.warning("Each process tells its own figures only: %s.", error.strerror)
        return settings


@contextmanager
def told(settings: Settings, figures: Figures, process: str) -> Iterator[Collector | None]:
    """While this process runs, its figures are where they are asked for: among those of the
    service that started it, at a port of its own if nobody did, and at the collector.

    Raises:
        BadSetting: the port cannot be listened on, or there is no way to a collector.
    """
    figures.process = process
    with ExitStack() as ending:
        sends = collector(settings, process)
        if sends is not None:
            ending.callback(sends.close)
            sends.start(figures.mine)
            if sends.outbox is not None:
                figures.counters.append(sends.outbox.families)
        if settings.workers_folder is not None:
            board = Board(settings.workers_folder, process)
            board.pulse(figures.mine)
            ending.callback(board.close, figures.mine)
        elif settings.metrics_port:
            ending.callback(_served(settings, figures))
        yield sends


@contextmanager
def alone(settings: Settings, process: str) -> Iterator[None]:
    """What there is to know of any other process of ours, while it runs."""
    logs.begin(settings, process)
    with told(settings, Figures(), process):
        yield


def _served(settings: Settings, figures: Figures) -> Callable[[], object]:
    """Serve figures at their own port, and return how to end that."""
    host, port = settings.host.strip("[]"), settings.metrics_port
    try:
        server, thread = start_http_server(port, host, figures.registry)
    except OSError as error:
        raise BadSetting(
            f"Cannot serve figures on {host}, port {port}: {error.strerror or error}."
            " Set TOCSIN_METRICS_PORT, or leave it out."
        ) from error

    def end() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return end
