"""Writes the files of a user's own suite: perfkit.toml and a scenario, as an example or made from what the user has.

Knows no source's format. Nothing is written before all is understood.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from perfkit import files
from perfkit.errors import StoreError, UsageError
from perfkit.scaffold import addresses
from perfkit.scaffold.importers import IMPORTERS
from perfkit.scaffold.script import Imported, Wishes
from perfkit.scaffold.secrecy.hide import hidden
from perfkit.scaffold.writing import example
from perfkit.scaffold.writing.render import locustfile
from perfkit.scaffold.writing.suite import DEFAULT_URL, suite

_HINT: Final = "choose a folder that you may write to"


@dataclass(frozen=True, slots=True)
class Written:
    """What was imported, the files that hold it (the scenario last), and the target's URL in them."""

    imported: Imported
    files: tuple[Path, ...]
    url: str

    @property
    def scenario(self) -> Path:
        return self.files[-1]


def init(folder: Path, *, force: bool = False) -> list[Path]:
    """Write perfkit.toml and scenarios/example/locustfile.py into `folder`; returns what was written.

    Raises:
        UsageError: one of them is there already (and `force` is not given), or the folder cannot be written.
    """
    return _write({folder / name: text for name, text in example.FILES.items()}, force=force)


def import_source(
    kind: str, file: Path, folder: Path, wishes: Wishes, *, allow_hosts: tuple[str, ...] = (), force: bool = False
) -> Written:
    """Write a suite made from `file`, which is of a `kind` in IMPORTERS, into `folder`.

    Raises:
        UsageError: the file is not of that kind or cannot be read, the wished-for URL is none, or (without `force`)
            one of the files is there already. Then nothing was written.
    """
    if wishes.url is not None:
        addresses.target_of(wishes.url)
    try:
        imported = hidden(*IMPORTERS[kind].read(file, wishes))
        url = (wishes.url or imported.url or DEFAULT_URL).rstrip("/")
        scenario = locustfile(imported)
    except RecursionError as error:
        raise UsageError(f"{file} is nested too deeply to be understood") from error
    texts = {
        folder / "perfkit.toml": suite(imported, url, allow_hosts),
        folder / "scenarios" / imported.slug / "locustfile.py": scenario,
    }
    return Written(imported, tuple(_write(texts, force=force)), url)


def _write(texts: Mapping[Path, str], *, force: bool) -> list[Path]:
    try:
        if (existing := [path for path in texts if path.exists()]) and not force:
            names = ", ".join(map(str, existing))
            raise UsageError(f"there already: {names}", hint="choose another folder, or overwrite with --force")
        for path in texts:
            path.parent.mkdir(parents=True, exist_ok=True)
        files.write_all(texts)
    except OSError as error:
        raise UsageError(f"cannot write {error.filename}: {error.strerror}", hint=_HINT) from error
    except StoreError as error:
        raise UsageError(f"cannot write: {error.message}", hint=_HINT) from error
    return list(texts)
