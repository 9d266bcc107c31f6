"""perfkit: load-test a back end, watch its memory, explain its slow SQL, and prove before and after."""

from __future__ import annotations

__version__ = "0.1.0"
