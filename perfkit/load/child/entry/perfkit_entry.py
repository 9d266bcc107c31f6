"""Loaded by Locust after the scenario, inside the load child: begins what the orders say."""

from __future__ import annotations

import perfkit.load.child.beginning  # noqa: F401 (importing it is what makes it listen)
