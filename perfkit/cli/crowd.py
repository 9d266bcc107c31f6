"""Options about workers, as `perfkit bench` and `perfkit worker` have them. Knows what they mean; starts nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from perfkit.cli.given import quantity
from perfkit.errors import UsageError

if TYPE_CHECKING:
    from perfkit.model import Config

WAIT: Final = "1m"


def with_workers(config: Config, local: int | None, remote: int, bind: str | None, wait: str | None) -> Config:
    """The config with the workers that the options name.

    Where others are expected, this machine makes no load unless it is said that it does.

    Raises:
        UsageError: options that do not go together, an address that is none of this machine, a token is missing, or
            others are expected where no phase is theirs.
    """
    from perfkit.load import access, engine

    workers = config.scenario.workers
    if not remote and (given := [name for name, value in (("--bind", bind), ("--wait", wait)) if value is not None]):
        raise UsageError(f"{given[0]} goes with --expect-workers", hint="say how many workers come from elsewhere")
    if local is None:
        local = 0 if remote and workers.local == 1 else workers.local
    if local == 0 and not remote:
        raise UsageError("with 0 workers nobody makes the load", hint="add --expect-workers 2, or --workers 1")
    workers = replace(workers, local=local)
    if remote:
        if not any(map(engine.is_shared, config.phases)):
            message = "--expect-workers: traces and leak rounds are driven from the first machine alone"
            raise UsageError(message, hint="leave it out, or add a phase of another kind")
        where = access.bound(bind or workers.host)
        wait_s = quantity("--wait", wait or WAIT)
        workers = replace(workers, remote=remote, host=where.host, port=where.port, wait_s=wait_s)
        access.token_to_bind(workers)
    return replace(config, scenario=replace(config.scenario, workers=workers))
