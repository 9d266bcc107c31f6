"""What people see in a terminal, as rich renderables. Prints nothing, decides nothing, and fits into 80 columns.

Names and statements come from outside: they are shown as text, never as rich's markup, and without control characters.
Literals of SQL are shown as they arrive; whoever calls has taken them out.
"""

from __future__ import annotations

from perfkit.terminal.live import LiveView, progress_line
from perfkit.terminal.plans import findings_list, plan_tree
from perfkit.terminal.sheets import sheets_table
from perfkit.terminal.tables import (
    comparison_table,
    metrics_table,
    queries_table,
    setup_table,
    validity_table,
    verdicts_table,
)

__all__ = [
    "LiveView",
    "comparison_table",
    "findings_list",
    "metrics_table",
    "plan_tree",
    "progress_line",
    "queries_table",
    "setup_table",
    "sheets_table",
    "validity_table",
    "verdicts_table",
]
