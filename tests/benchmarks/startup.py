"""`perfkit --help` against `import typer`: at most 1.6 times. Run: python -m tests.benchmarks.startup"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

from tests.benchmarks.pairs import alternate, publish, ratios

ROUNDS = 15
BAR = 1.6


def seconds(*arguments: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def main() -> None:
    readings = alternate(
        {"help": lambda: seconds("-m", "perfkit", "--help"), "typer": lambda: seconds("-c", "import typer")}, ROUNDS
    )
    ratio = ratios(readings["help"], readings["typer"])
    publish(
        "perfkit --help / import typer",
        f"≤ {BAR}",
        ratio["median"] <= BAR,
        ratio=ratio,
        median_s={name: statistics.median(values) for name, values in readings.items()},
    )


if __name__ == "__main__":
    main()
