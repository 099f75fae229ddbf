"""The long form: thousands of incidents under load, and deaths at any moment of forgetting.

`scripts/faults --erasure` runs it.
"""

import argparse
import random
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.erasure.test_canaries import WithLake, nothing_is_left
from tests.erasure.test_deaths import dies
from tests.faults.service import Service

LATEST_SECONDS = 5.0


def main() -> None:
    """Search after each, and say how long it took."""
    parser = argparse.ArgumentParser(prog="scripts/faults --erasure", description=__doc__)
    parser.add_argument("--incidents", type=int, default=2_000)
    parser.add_argument("--deaths", type=int, default=20)
    asked = parser.parse_args()
    with TemporaryDirectory() as folder:
        service = WithLake(Path(folder) / "home")
        try:
            nothing_is_left(service, Path(folder), asked.incidents)
        finally:
            service.stop()
    sys.stdout.write(f"{asked.incidents} incidents: no trace is left.\n")
    for _ in range(asked.deaths):
        seconds = random.uniform(0, LATEST_SECONDS)
        with TemporaryDirectory() as folder:
            mortal = Service(Path(folder))
            try:
                dies(mortal, seconds)
            finally:
                mortal.stop()
        sys.stdout.write(f"Dead after {seconds:.2f} s: no trace is left.\n")


if __name__ == "__main__":
    main()
