"""What a reader of the run is to know of this load child: sentences, told to the parent with its status, each once."""

from __future__ import annotations

_told: list[str] = []


def tell(sentence: str) -> None:
    """Keep a sentence for the record of the run."""
    if sentence not in _told:
        _told.append(sentence)


def told() -> tuple[str, ...]:
    """All sentences so far."""
    return tuple(_told)
