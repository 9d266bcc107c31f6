"""Phases in which nothing succeeded: said once for all endpoints, with what went wrong most. Judges no figure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from perfkit.model import Run

if TYPE_CHECKING:
    import pandas as pd


def all_failed(run: Run) -> list[str]:
    """A sentence for each measured phase without a single success."""
    requests = run.requests[~run.requests["is_warmup"].to_numpy(dtype=bool)]
    told = []
    for mark in run.record.phases:
        rows = requests[requests["phase"] == mark.name]
        if len(rows) and rows["error"].notna().all():
            kind, count = _most_common(rows["error"].astype(str))
            message, _ = _most_common(rows.loc[rows["error"] == kind, "message"].astype(str))
            told.append(f"phase {mark.name}: none of {len(rows):,} requests succeeded; {count:,} × {kind}: {message}")
    return told


def _most_common(texts: pd.Series[Any]) -> tuple[str, int]:
    counts = texts.value_counts()
    return str(counts.index[0]), int(counts.iloc[0])
