"""The examples of docs/scenarios.md are scenarios that load."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from perfkit.load.engine import list_users
from perfkit.model import Scenario
from tests.load import scenarios

PAGE = Path(__file__).parents[2] / "docs" / "scenarios.md"


def test_every_example_loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    examples = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "users.csv").write_text("name,password\nann,x\n")
    (tmp_path / "words.jsonl").write_text('{"word": "tea"}\n')
    monkeypatch.setenv("SHOP_TOKEN", "s3cret")
    named = [name for text in examples for name in re.findall(r"^class (\w+)", text, re.MULTILINE)]
    listed = list_users(Scenario(scenarios.write(tmp_path, "\n".join(examples))))
    assert set(listed) == set(named)
    assert len(named) == len(examples)
