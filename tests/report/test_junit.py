"""The verdicts as JUnit XML."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from perfkit.model import Check, Outcome, Validity
from perfkit.report import junit
from tests.builders import a_judged, a_metric, a_run, a_story, a_verdict
from tests.report.erp import erp_story
from tests.report.hostile import ATTACK, hostile_story


def _parse(document: str) -> ET.Element:
    return ET.fromstring(document.encode())  # noqa: S314  # our own document


@pytest.mark.parametrize(
    ("outcome", "asked", "element"),
    [
        ("pass", {}, "system-out"),
        ("fail", {}, "failure"),
        ("unmeasured", {}, "failure"),
        ("unmeasured", {"is_optional": True}, "skipped"),
        ("advisory", {"is_advisory": True}, "skipped"),
    ],
)
def test_an_outcome_is_told_in_the_words_of_junit(outcome: Outcome, asked: dict[str, bool], element: str) -> None:
    """What stops a gate fails, also for want of data; what only advises is skipped."""
    document = _parse(junit.render(a_story(a_judged(verdicts=(a_verdict(outcome=outcome, **asked),)))))
    assert [child.tag for child in document.iterfind("testsuite/testcase/*")] == [element]


def test_a_failure_tells_rule_and_observed_value() -> None:
    verdict = a_verdict(outcome="fail", observed=a_metric(value=812.4, phase="single"), message="too slow")
    failure = _parse(junit.render(a_story(a_judged(verdicts=(verdict,))))).find("testsuite/testcase/failure")
    assert failure is not None
    assert failure.get("message") == "too slow"
    assert failure.text == "rule: latency.avg{single} < 200ms\nobserved: 812 ms (single)\nexpected: < 200 ms"


def test_every_case_of_a_discarded_run_is_an_error() -> None:
    """An invalid measurement neither passes nor fails anything."""
    check = Check("generator CPU", False, "99%", "90%", "use more load processes")
    record = replace(a_run().record, validity=Validity((check,)))
    document = _parse(junit.render(a_story(a_judged(record, verdicts=(a_verdict(), a_verdict(outcome="fail"))))))
    assert document.attrib == {"name": "perfkit", "tests": "2", "failures": "0", "errors": "2", "skipped": "0"}


def test_the_counts_are_those_of_the_run_after() -> None:
    document = _parse(junit.render(erp_story()))
    assert document.attrib == {"name": "perfkit", "tests": "15", "failures": "2", "errors": "0", "skipped": "0"}


def test_hostile_text_stays_text() -> None:
    suite = _parse(junit.render(hostile_story())).find("testsuite")
    assert suite is not None
    assert suite.get("name") == ATTACK


def test_characters_that_xml_cannot_hold_are_replaced() -> None:
    verdict = a_verdict(outcome="fail", message="a\x00b\x1b[31mc\ud800\uffff")
    failure = _parse(junit.render(a_story(a_judged(verdicts=(verdict,))))).find("testsuite/testcase/failure")
    assert failure is not None
    assert failure.get("message") == "a␀b␛[31mc\\ud800\ufffd"
