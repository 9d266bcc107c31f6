"""Whether the ERP lives, and how it feels: memory, connections, cache. Answers without the database."""

from __future__ import annotations

from typing import Any, Final

import psutil
from fastapi import APIRouter

from perfkit.demo.erp.listeners import LISTENERS
from perfkit.demo.erp.state import Shared

MEMORY_BUDGET_BYTES: Final = 96 * 10**6  # what the operator of such a process grants it; nothing enforces it

router = APIRouter(prefix="/health")


@router.get("")
async def health(state: Shared) -> dict[str, Any]:
    """That it lives, and with which fixes."""
    return {"status": "ok", "fixes": sorted(state.settings.fixes)}


@router.get("/performance")
async def performance(state: Shared) -> dict[str, Any]:
    """Figures of this process since it started. Memory is what is its own: without programs and shared pages."""
    memory = psutil.Process().memory_info()
    cache = state.cache.report() if state.cache else {"hits": 0, "misses": 0, "hit_ratio": 0.0}
    return {
        "memory": {"used_bytes": memory.rss - getattr(memory, "shared", 0), "limit_bytes": MEMORY_BUDGET_BYTES},
        "pool": state.pool.report(),
        "cache": cache,
        "listeners": len(LISTENERS),
    }
