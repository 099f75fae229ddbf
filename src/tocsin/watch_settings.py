"""Settings of how the service is watched: its lines of log, its traces, its figures."""

from dataclasses import dataclass
from pathlib import Path

from tocsin.variables import BadSetting, setting

CHOICES = {"logs": ("text", "json"), "log_level": ("debug", "info", "warning", "error")}
"""Settings that are one of a few words."""


@dataclass(frozen=True, kw_only=True)
class WatchSettings:
    """What can be set of it."""

    logs: str = setting("text", "How lines of log are written: text, or json, an object each.")
    log_level: str = setting("info", "Least that is logged: debug, info, warning or error.")
    telemetry: bool = setting(
        False, "Send traces and figures to an OpenTelemetry collector (extra `telemetry`)."
    )
    metrics_port: int = setting(
        0, "Port at which `tocsin project` serves figures of its own; 0 for none."
    )
    worker: int = setting(0, "Which of its API processes this is; `tocsin serve` says it.")
    workers_folder: Path | None = setting(
        None, "Folder in which the processes of one service meet; `tocsin serve` makes it."
    )

    def check_choices(self) -> None:
        """Let words pass that are among those that there are.

        Raises:
            BadSetting: one is not.
        """
        for name, choices in CHOICES.items():
            said = getattr(self, name)
            if said not in choices:
                raise BadSetting(
                    f"TOCSIN_{name.upper()} is {said!r}; say one of {', '.join(choices)}."
                )
