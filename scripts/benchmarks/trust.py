"""What trust costs: the service with and without its ledger and its vault, in turns."""

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

    def measure(form: str, connections: int) -> http_mix.Run:
        return http_mix.run("tocsin", connections, seconds, **FORMS[form])

    found = http_mix.in_turns(runs, CONNECTIONS, FORMS, measure)
    title = "Report, acknowledge, resolve, with a ledger and a vault: commands/s"
    console.print(http_mix.compared(title, "with", found, NEITHER))
