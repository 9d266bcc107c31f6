"""What people see in a terminal, as rich renderables. Prints nothing, decides nothing, and fits into 80 columns.

Names and statements come from outside: they are shown as text, never as rich's markup, and without control characters.
Literals of SQL are shown as they arrive; whoever calls has taken them out.
"""

from __future__ import annotations

from perfkit.terminal.advice import advice_view, steps_table
from perfkit.terminal.budget import budgets_table
from perfkit.terminal.captured import captured_table, reading_bar
from perfkit.terminal.leaks import leaks_list
from perfkit.terminal.live import LiveView, progress_line
from perfkit.terminal.memory import MemoryView, memory_line, memory_table
from perfkit.terminal.notes import notes_list
from perfkit.terminal.plans import diff_table, findings_list, plan_tree, statement_line
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
    "MemoryView",
    "advice_view",
    "budgets_table",
    "captured_table",
    "comparison_table",
    "diff_table",
    "findings_list",
    "leaks_list",
    "memory_line",
    "memory_table",
    "metrics_table",
    "notes_list",
    "plan_tree",
    "progress_line",
    "queries_table",
    "reading_bar",
    "setup_table",
    "sheets_table",
    "statement_line",
    "steps_table",
    "validity_table",
    "verdicts_table",
]
