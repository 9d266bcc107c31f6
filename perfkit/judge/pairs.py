"""Two runs' metrics side by side. Knows names and scopes; decides nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from perfkit.model import Change, Direction, Metric, Scope

Index = Mapping[tuple[str, Scope], Metric]


@dataclass(frozen=True, slots=True)
class Pair:
    """One metric of both runs; a side is None where it was not measured."""

    name: str
    scope: Scope
    base: Metric | None
    head: Metric | None

    @property
    def relative(self) -> float | None:
        """head / base - 1; None without a side, or from a base of zero or less."""
        if self.base is None or self.head is None or self.base.value <= 0:
            return None
        return self.head.value / self.base.value - 1

    @property
    def is_higher_better(self) -> bool:
        return any(metric is not None and metric.better == "higher" for metric in (self.base, self.head))

    def change(
        self,
        direction: Direction,
        message: str,
        *,
        is_gating: bool,
        relative: float | None = None,
        interval: tuple[float, float] | None = None,
    ) -> Change:
        """The change that this pair is; `relative` is taken from the two values unless it is given."""
        return Change(
            metric=self.name,
            scope=self.scope,
            base=self.base.value if self.base else None,
            head=self.head.value if self.head else None,
            relative=self.relative if relative is None else relative,
            interval=interval,
            direction=direction,
            is_gating=is_gating,
            message=message,
        )

    def one_sided(self, *, is_gating: bool) -> Change:
        """What is missing on one side: new things gate nothing, those that are gone cannot be judged."""
        if self.base is None:
            return self.change("inconclusive", "was not measured in the base run", is_gating=False)
        return self.change("inconclusive", "was not measured in the head run", is_gating=is_gating)


def index(metrics: Iterable[Metric]) -> Index:
    """Metrics by name and scope, without those that are no number."""
    return {(metric.name, metric.scope): metric for metric in metrics if metric.value == metric.value}


def pairs(base: Index, head: Index, names: Collection[str]) -> list[Pair]:
    """Every metric of these names that either run has, in the order of base, then head."""
    keys = [key for key in dict.fromkeys([*base, *head]) if key[0] in names]
    return [Pair(name, scope, base.get((name, scope)), head.get((name, scope))) for name, scope in keys]
