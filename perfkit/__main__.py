"""`python -m perfkit` is `perfkit`."""

from __future__ import annotations

from perfkit.cli.app import main

if __name__ == "__main__":
    main()
