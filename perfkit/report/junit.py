"""The verdicts as JUnit XML, one test case for each expectation of the newest run. Judges nothing.

What fails a gate is a failure, also what was not measured; what only advises is skipped with its message; when the run
was discarded every case is an error, as no figure of it may pass or fail anything.
"""

from __future__ import annotations

import re
from typing import Final
from xml.etree import ElementTree as ET

from perfkit import reading
from perfkit.model import Story, Verdict
from perfkit.report import phrases
from perfkit.visible import visible

# What XML 1.0 cannot hold, not even escaped: https://www.w3.org/TR/xml/#charsets
_ILLEGAL: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(story: Story) -> str:
    """A `testsuites` document with one suite for the run."""
    is_discarded = reading.is_discarded(story.after)
    suites = ET.Element("testsuites", name="perfkit")
    suite = ET.SubElement(suites, "testsuite", name=_legal(story.after.run.name))
    for verdict in story.after.verdicts:
        _case(suite, verdict, story, is_discarded=is_discarded)
    counts = {"tests": len(suite), **{name: len(suite.findall(f"testcase/{tag}")) for name, tag in _TAGS}}
    for element in (suites, suite):
        element.attrib.update({name: str(count) for name, count in counts.items()})
    ET.indent(suites)
    return ET.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


_TAGS: Final = (("failures", "failure"), ("errors", "error"), ("skipped", "skipped"))


def _case(suite: ET.Element, verdict: Verdict, story: Story, *, is_discarded: bool) -> None:
    name = _legal(verdict.expectation.that)
    case = ET.SubElement(suite, "testcase", classname=f"perfkit.{_legal(story.after.run.name)}", name=name)
    if is_discarded:
        outcome = ET.SubElement(case, "error", type="discarded", message=_legal(reading.standing(story).sentence))
    elif reading.is_failing(verdict):
        outcome = ET.SubElement(case, "failure", type=verdict.outcome, message=_legal(verdict.message))
    elif verdict.outcome != "pass":
        outcome = ET.SubElement(case, "skipped", message=_legal(verdict.message))
    else:
        outcome = ET.SubElement(case, "system-out")
    outcome.text = _legal(_facts(verdict))


def _facts(verdict: Verdict) -> str:
    asked = verdict.expectation
    observed = verdict.observed
    where = reading.scope_text(observed.scope) if observed else ""
    facts = {
        "rule": asked.that,
        "observed": phrases.value(observed, reading.UNMEASURED) + (f" ({where})" if where else ""),
        "expected": reading.target_text(asked),
        "documented": asked.documented,
        "priority": asked.priority,
        "milestone": asked.milestone,
    }
    return "\n".join(f"{key}: {value}" for key, value in facts.items() if value)


def _legal(text: str) -> str:
    return _ILLEGAL.sub("\ufffd", visible(text))
