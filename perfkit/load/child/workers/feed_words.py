"""How far the unique feeds of a run got, where its workers do not share a folder. Knows the feeds' own files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

_ENDING: Final = ".taken"
_OTHERS: Final = "others"


def read(folder: Path) -> dict[str, int]:
    """Feed → one more than the last row that was handed out, by the files that the feeds left in this folder."""
    found: dict[str, int] = {}
    for file in folder.glob(f"*{_ENDING}"):
        name = file.name.removesuffix(_ENDING).rpartition("-")[0]
        found[name] = max(found.get(name, 0), int(file.read_text()))
    return found


def write(folder: Path, taken: dict[str, int]) -> None:
    """Leave word of what others have taken, where the feeds look for it."""
    if taken:
        folder.mkdir(parents=True, exist_ok=True)
    for name, number in taken.items():
        (folder / f"{name}-{_OTHERS}{_ENDING}").write_text(str(number))


def merge(folder: Path, others: Iterable[dict[str, int]]) -> dict[str, int]:
    """All words together: those in the folder, and those of workers elsewhere, which are then in the folder, too."""
    taken = read(folder)
    for words in others:
        for name, number in words.items():
            taken[name] = max(taken.get(name, 0), number)
    write(folder, taken)
    return taken
