"""`scripts/signals-simulation`: the table of false alarm rates and power, as Markdown."""

import argparse
import sys

from tests.signals.rates import trials

HEAD = "| Signal | In made-up histories of | Figure | Measured |\n|---|---|---|---|\n"


def main() -> int:
    """Simulate, and print a line as soon as it is known."""
    parser = argparse.ArgumentParser(prog="scripts/signals-simulation", description=__doc__)
    parser.add_argument("--times", type=int, default=400, help="made-up histories per line")
    parser.add_argument("--seed", type=int, default=1, help="of those histories")
    parser.add_argument("--only", help="one signal alone: the first words of its lines")
    asked = parser.parse_args()
    sys.stdout.write(
        "| Signal | In made-up histories of | Figure | Measured |\n|---|---|---|---|\n"
    )
    for trial in trials():
        if not asked.only or trial.signal == asked.only:
            mean = trial.mean(asked.times, asked.seed)
            line = f"| {trial.signal} | {trial.world} | {trial.figure} | {mean:.3f} |"
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
