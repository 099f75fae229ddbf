"""What trust costs: the service with and without its ledger and its vault, in turns."""

import sys

import http_mix
from rich.console import Console

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
    title = "Report, acknowledge, resolve, with a ledger and a vault: commands/s"
    console.print(http_mix.compared(title, "with", found, NEITHER))
