"""The load while it runs: a display that is drawn again, and one plain line for where nothing can be redrawn."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from perfkit import units
from perfkit.model import Progress
from perfkit.terminal.text import plain


class LiveView:
    """What a live display draws: the last tick it was given, nothing before the first and while resting."""

    def __init__(self) -> None:
        self._progress: Progress | None = None

    def update(self, progress: Progress) -> None:
        self._progress = progress

    def rest(self) -> None:
        """No load is running: the last tick is no longer true."""
        self._progress = None

    def __rich__(self) -> RenderableType:
        if self._progress is None:
            return Text()
        return Group(_bar(self._progress), _figures(self._progress))


def _bar(progress: Progress) -> Table:
    row = Table.grid(padding=(0, 2, 0, 0), expand=True)
    row.add_column(no_wrap=True)
    row.add_column(ratio=1)
    row.add_column(justify="right", no_wrap=True)
    total = None if progress.remaining_s is None else progress.elapsed_s + progress.remaining_s
    bar = ProgressBar(total=total or None, completed=progress.elapsed_s, pulse=total is None)
    row.add_row(plain(progress.phase, "bold"), bar, _times(progress))
    return row


def _times(progress: Progress) -> str:
    left = "" if progress.remaining_s is None else f", {_clock(progress.remaining_s)} left"
    return _clock(progress.elapsed_s) + left


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def _figures(progress: Progress) -> Table:
    row = Table.grid(padding=(0, 2, 0, 0))
    cells = []
    for label, shown in _facts(progress):
        is_bad = label == "errors" and progress.errors > 0
        cells.append(Text(f"{label} ", "dim").append(shown, "bold red" if is_bad else "not dim"))
        row.add_column(no_wrap=True)
    row.add_row(*cells)
    return row


def _facts(progress: Progress) -> list[tuple[str, str]]:
    figures = (
        ("req/s", progress.requests_per_s, ""),
        ("p50", progress.p50_ms, "ms"),
        ("p95", progress.p95_ms, "ms"),
        ("memory", progress.memory_bytes, "bytes"),
    )
    told = [(label, "–" if value is None else units.show(value, suffix)) for label, value, suffix in figures]
    return [*told[:3], ("errors", f"{progress.errors:,}"), ("users", f"{progress.users:,}"), told[3]]


def progress_line(progress: Progress) -> str:
    """The same on one line of plain text."""
    figures = ", ".join(f"{label} {shown}" for label, shown in _facts(progress))
    return f"{plain(progress.phase).plain} {_times(progress)}: {units.count(progress.requests, 'request')}, {figures}"
