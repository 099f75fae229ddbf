"""What trust costs: the service with and without its ledger and its vault, in turns."""

import sys

import http_mix
from rich.console import Console
from rich.table import Table
from spreads import spread

CONNECTIONS = (16, 64)
NEITHER = "neither"
FORMS = {
    NEITHER: {"TOCSIN_LEDGER": "false", "TOCSIN_VAULT": "false"},
    "ledger": {"TOCSIN_LEDGER": "true", "TOCSIN_VAULT": "false"},
    "vault": {"TOCSIN_LEDGER": "false", "TOCSIN_VAULT": "true"},
    "both": {"TOCSIN_LEDGER": "true", "TOCSIN_VAULT": "true"},
}


def compared(console: Console, runs: int, seconds: int) -> None:
    """Commands per second in each form, as ratios to the service with neither in the same run."""
    found: dict[tuple[int, str], list[http_mix.Run]] = {}
    for number in range(1, runs + 1):
        for connections in CONNECTIONS:
            for form, variables in FORMS.items():
                said = f"run {number} of {runs}: {form}, {connections} connections"
                print(said, file=sys.stderr, flush=True)
                run = http_mix.run("tocsin", connections, seconds, **variables)
                found.setdefault((connections, form), []).append(run)
    table = Table(title="Report, acknowledge, resolve, with a ledger and a vault: commands/s")
    table.add_column("connections", justify="right")
    table.add_column("with")
    for heading in ("commands/s", "of neither", "p50 ms", "p99 ms", "failed", "fsync/s"):
        table.add_column(heading, justify="right")
    for (connections, form), mine in found.items():
        without = found[connections, NEITHER]
        ratios = [a.per_second / b.per_second for a, b in zip(mine, without, strict=True)]
        table.add_row(
            str(connections),
            form,
            spread([run.per_second for run in mine]),
            spread(ratios, 2),
            spread([run.p50_ms for run in mine], 1),
            spread([run.p99_ms for run in mine], 1),
            str(sum(run.failed for run in mine)),
            spread([run.fsyncs for run in mine]),
        )
    console.print(table)
