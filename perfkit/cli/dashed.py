"""A command that hands on what stands after `--`. Knows the words of the command line, none of their meanings.

Left to the parser, the first word after `--` would fill an argument of the command itself that was left out before it.
"""

from __future__ import annotations

from typing import Any, Final

from typer import Context
from typer.core import TyperCommand

_KEY: Final = "perfkit.after_dashes"


class DashedCommand(TyperCommand):
    """Parses the words in front of `--`; `after_dashes` gives the others."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        at = args.index("--") if "--" in args else len(args)
        ctx.meta[_KEY] = tuple(args[at + 1 :])
        return list(super().parse_args(ctx, args[:at]))

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        return [*super().collect_usage_pieces(ctx), "[-- LOCUST...]"]


def after_dashes(context: Context) -> tuple[str, ...]:
    """The words after `--`."""
    words: tuple[str, ...] = context.meta[_KEY]
    return words
