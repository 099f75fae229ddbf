"""How this service is watched from outside: what it shares with the others of its kind, and what
it sends to a collector."""

from contextlib import ExitStack
from functools import partial

from tocsin.http.metrics import Reading
from tocsin.http.service import Service
from tocsin.settings import Settings
from tocsin.telemetry.board import Board
from tocsin.telemetry.sending import collector
from tocsin.telemetry.tracing import Traces


def name_of(settings: Settings) -> str:
    """What this process is called among those of its service."""
    return f"api-{settings.worker}" if settings.worker else "api"


def watch(service: Service, opened: ExitStack) -> None:
    """Begin to tell of a service when it begins, and end when it is closed.

    Raises:
        NoTelemetry: it is to be sent to a collector, and cannot.
    """
    settings, metrics, desk, log = service.settings, service.metrics, service.desk, service.log
    metrics.process = name_of(settings)

    def own() -> list[Reading]:
        return [
            ("queue_commands", "Commands taken, not answered.", {}, float(desk.waiting)),
            ("vault_keys_ready", "Keys that new incidents can take.", {}, float(log.keys_ready)),
        ]

    metrics.own.append(own)
    if (sends := collector(settings, metrics.process)) is not None:
        opened.callback(sends.close)
        service.beginnings.append(partial(sends.start, metrics.here))
        if sends.outbox is not None:
            metrics.counters.append(sends.outbox.families)
            metrics.traces = Traces(sends.outbox.put, sends.sampled)
            desk.origin = metrics.traces.origin
    if settings.workers_folder is not None:
        board = Board(settings.workers_folder, metrics.process)
        metrics.board = board
        if settings.worker:  # else nobody is asked but this one
            service.beginnings.append(partial(board.pulse, metrics.mine))
        opened.callback(board.close, metrics.mine)
