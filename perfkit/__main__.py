"""The entry point: `perfkit`, and `python -m perfkit`. Imports nothing until Ctrl-C would be heard."""

from __future__ import annotations

import sys

INTERRUPTED = 130


def main() -> None:
    """Run the command line; one that is interrupted, be it while it is still being imported, ends with 130."""
    try:
        from perfkit.cli.app import main as run

        run()
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
