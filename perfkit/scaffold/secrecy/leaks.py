"""What a reply tells may be found by a pattern that itself holds a secret. Such an extract is not written."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from perfkit.scaffold.script import Extract, Step, Text, Use
from perfkit.scaffold.secrecy.vault import Vault


def without_leaks(steps: tuple[Step, ...], vault: Vault) -> tuple[Step, ...]:
    """The steps without such extracts: what they would have told, the environment tells."""
    poisoned = {one.name for step in steps for one in step.extracts if _leaks(one, vault)}
    if not poisoned:
        return steps
    what = "a value of the recording that could not be taken from a reply"
    stands_for = {name: vault.use(name, what=what) for name in poisoned}

    def swap(value: Any) -> Any:
        match value:
            case Use(name=name, origin="found") if name in stands_for:
                return replace(stands_for[name], is_number=value.is_number)
            case Text():
                return Text(tuple(swap(part) for part in value.parts))
            case dict():
                return {key: swap(item) for key, item in value.items()}
            case list() | tuple():
                return type(value)(swap(item) for item in value)
        return value

    return tuple(
        replace(
            step,
            address=swap(step.address),
            headers=swap(step.headers),
            body=step.body and replace(step.body, value=swap(step.body.value)),
            extracts=tuple(one for one in step.extracts if one.name not in poisoned),
        )
        for step in steps
    )


def _leaks(extract: Extract, vault: Vault) -> bool:
    return any(map(vault.holds_secret, (extract.name, extract.where, extract.pattern)))
