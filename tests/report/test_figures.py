"""The result as JSON."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from perfkit.report.figures import metrics_json
from tests.builders import a_judged, a_metric, a_story, a_verdict
from tests.report.erp import erp_story


def test_a_run_has_the_documented_shape() -> None:
    content = metrics_json(a_judged())
    assert list(content) == [
        "schema", "run", "status", "metrics", "verdicts", "validity", "findings", "advice", "budgets", "leaks",
        "queries",
    ]  # fmt: skip


def test_the_story_of_one_run_is_that_run() -> None:
    judged = a_judged(metrics=(a_metric(),))
    assert metrics_json(judged) == metrics_json(a_story(judged))


def test_a_story_of_two_runs_has_both_and_their_changes() -> None:
    story = erp_story()
    content = metrics_json(story)
    assert list(content) == ["schema", "title", "before", "after", "changes", "leaks", "caveats"]
    assert story.before is not None
    assert content["before"] == metrics_json(story.before)


def test_leaks_of_two_runs_are_side_by_side_with_what_changed() -> None:
    heap, files = metrics_json(erp_story())["leaks"]
    assert (heap["resource"], heap["before"]["outcome"], heap["after"]["outcome"]) == ("heap", "LEAK", "OK")
    assert heap["before"]["interval"] == [19_830 * 0.98, 19_830 * 1.02]
    assert (heap["change"]["direction"], heap["change"]["gating"]) == ("improved", True)
    assert heap["change"]["difference"] == [pytest.approx(-19_829.9)] * 2
    assert files["change"]["direction"] == "same"


def test_a_metric_names_only_what_it_is_about() -> None:
    metric = a_metric("latency.p95_ms", 12.5, "Login", "single", n=3, interval=(10.0, 15.0))
    assert metrics_json(a_judged(metrics=(metric,)))["metrics"] == [
        {
            "name": "latency.p95_ms",
            "value": 12.5,
            "scope": {"endpoint": "Login", "phase": "single"},
            "better": "lower",
            "n": 3,
            "interval": [10.0, 15.0],
        }
    ]


def test_a_verdict_tells_what_was_asked_and_seen() -> None:
    verdict = metrics_json(a_judged(verdicts=(a_verdict(outcome="unmeasured", is_optional=True),)))["verdicts"][0]
    assert verdict["that"] == "latency.avg{single} < 200ms"
    assert (verdict["outcome"], verdict["observed"], verdict["optional"]) == ("unmeasured", None, True)


def test_what_is_not_finite_is_null() -> None:
    """NaN is no JSON: a reader in another language would refuse the whole file."""
    content = metrics_json(a_judged(metrics=(a_metric(value=math.nan), a_metric(value=math.inf))))
    assert [metric["value"] for metric in content["metrics"]] == [None, None]
    json.dumps(content, allow_nan=False)


def test_literals_and_parameters_are_left_out_unless_wanted() -> None:
    story = erp_story()
    assert "secret" not in json.dumps(metrics_json(story))
    assert "secret-draft" in json.dumps(metrics_json(replace(story, show_literals=True)))
