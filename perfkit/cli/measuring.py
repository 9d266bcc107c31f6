"""Measure once from the command line: into a new run folder, with reports, a result shown, and an exit code."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

from perfkit import store
from perfkit.cli import shown
from perfkit.measure import measure
from perfkit.model import Config
from perfkit.report.writing import write_reports
from perfkit.story import tell


def run(config: Config, out: Path, *, as_json: bool, report_every_s: float | None = None) -> NoReturn:
    """Into a folder below `out`. Leaves by what went wrong, by Ctrl-C, or by the verdicts. See `measure` for
    `report_every_s`.
    """
    with shown.live_voice() as voice:
        folder = out / store.new_name(config.name)
        measurement = measure(config, folder, show=voice.show, note=voice.note, report_every_s=report_every_s)
    story = tell(measurement.run)
    paths = write_reports(story, measurement.run.folder)
    shown.print_result(story, paths[0], as_json=as_json)
    shown.leave(measurement, story.after)
