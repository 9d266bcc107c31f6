"""Loaded by Locust after the scenario, inside the load child: brings the recorder in, by its listeners."""

from __future__ import annotations

import perfkit.load.child.recorder  # noqa: F401 (importing it is what makes it listen)
