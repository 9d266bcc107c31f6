"""Every source and every form of log stands in its table."""

from __future__ import annotations

from pathlib import Path

import perfkit.queries
from perfkit.queries import SOURCES
from perfkit.queries.formats import FORMATS

ROOM = Path(perfkit.queries.__file__).parent


def test_every_module_that_opens_a_capture_is_a_source() -> None:
    modules = {path.stem for path in ROOM.glob("*.py") if "\ndef open_capture(" in path.read_text()} - {"__init__"}
    assert modules == {vars(source)["__name__"].rpartition(".")[2] for source in SOURCES.values()}


def test_every_module_that_reads_entries_is_a_format() -> None:
    modules = {path.stem for path in (ROOM / "formats").glob("*.py") if "\ndef entries(" in path.read_text()}
    assert modules == {vars(form)["__name__"].rpartition(".")[2] for form in FORMATS.values()}
