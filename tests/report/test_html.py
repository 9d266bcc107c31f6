"""The report as one page."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from perfkit.model import Change, Check, Comparison, Finding, Judged, Scope, Timeline, Validity
from perfkit.report import html
from perfkit.report.redaction import redacted
from perfkit.report.sections import SECTIONS
from tests.builders import a_judged, a_metric, a_phase, a_run, a_story, a_verdict
from tests.report.erp import erp_story
from tests.report.hostile import ATTACK, hostile_story

GOLDEN = Path(__file__).parent.parent / "golden" / "report.html"
VOID = {"meta", "link", "br", "hr", "img", "input"}


class Page(HTMLParser):
    """What a page is made of; complains where an element is closed out of order."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.ids: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag


def test_the_page_of_a_story_is_as_it_was(update_golden: bool) -> None:
    """A change of the page is seen and meant: `pytest --update-golden` accepts it."""
    page = html.render(redacted(erp_story()))
    if update_golden:
        GOLDEN.write_text(page, encoding="utf-8")
    assert GOLDEN.read_text(encoding="utf-8") == page


def test_every_element_is_closed_in_order() -> None:
    page = Page(html.render(erp_story()))
    assert page.open == []


def test_no_id_is_given_twice() -> None:
    page = Page(html.render(erp_story()))
    assert sorted(set(page.ids)) == sorted(page.ids)


def test_links_within_the_page_have_an_end() -> None:
    page = Page(html.render(erp_story()))
    ends = {value.removeprefix("#") for name, value in page.attributes if name == "href" and value.startswith("#")}
    assert ends <= set(page.ids)


def test_the_page_needs_nothing_but_itself() -> None:
    """No script, no address of another place, and a policy that would refuse both."""
    source = html.render(erp_story())
    page = Page(source)
    assert not {"script", "iframe", "object", "img", "base", "form"} & set(page.tags)
    assert [value for name, value in page.attributes if name in {"src", "href"} and not value.startswith("#")] == [
        "data:,"
    ]
    assert "url(" not in source
    assert "@import" not in source
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:" in source.replace("&#39;", "'")


def test_sections_stand_in_the_order_of_their_table() -> None:
    found = re.findall(r'<section id="(\w+)"', html.render(erp_story()))
    assert list(SECTIONS) == found


def test_what_the_story_has_no_data_for_has_no_section() -> None:
    found = re.findall(r'<section id="(\w+)"', html.render(a_story()))
    assert found == ["verdict", "measured"]


def test_text_from_outside_stays_text() -> None:
    """Endpoint, query, plan, configuration, finding, check, phase and title: none becomes an element or attribute."""
    source = html.render(replace(hostile_story(), show_literals=True))
    page = Page(source)
    assert page.open == []
    assert not {"script", "img", "b1"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert source.count("&lt;script&gt;") > 20
    assert ATTACK not in source


def test_literals_of_sql_are_shown_only_on_demand() -> None:
    story = erp_story()
    assert "secret-draft" not in html.render(redacted(story))
    assert "secret-bind" not in html.render(redacted(story))
    assert "secret-draft" in html.render(redacted(replace(story, show_literals=True)))


def test_a_discarded_run_says_so_first() -> None:
    """A manager must not read a figure of an invalid measurement as a result."""
    check = Check("generator CPU", False, "99%", "90%", "use more load processes")
    record = replace(a_run().record, validity=Validity((check,)))
    source = html.render(a_story(a_judged(record, verdicts=(a_verdict(),))))
    assert re.search(r'class="word">DISCARDED<', source)
    assert "use more load processes" in source


@pytest.mark.parametrize("words", ["interrupted; the figures cover", "a note of the run"])
def test_what_weakens_a_run_stands_beside_the_verdict(words: str) -> None:
    record = replace(a_run().record, status="interrupted", notes=("a note of the run",))
    assert words in html.render(a_story(a_judged(record)))


def test_nothing_measured_is_unmeasured_and_not_zero() -> None:
    source = html.render(erp_story())
    row = re.search(r'<tr><th scope="row">Heap Utilization</th>(.*?)</tr>', source)
    assert row is not None
    assert re.findall(r"<td[^>]*>([^<]*)", row[1]) == [
        "83.6%", "&lt; 70%", "unmeasured", "unmeasured", "? unmeasured", "high",
    ]  # fmt: skip


def test_a_thousand_endpoints_and_eight_hours_stay_below_a_megabyte() -> None:
    story = a_story(_large(1.0), before=_large(3.0))
    changes = [
        Change(
            "latency.p50_ms", Scope(f"Endpoint {i}", "single"), 300.0, 100.0, -0.66, (-0.7, -0.6), "improved", True, ""
        )
        for i in range(1000)
    ]
    source = html.render(replace(story, comparison=Comparison("a", "b", tuple(changes))))
    assert len(source.encode()) < 1_000_000
    assert "of 1,000" in source


def _large(factor: float) -> Judged:
    names = ("latency.avg_ms", "latency.p50_ms", "latency.p95_ms", "throughput.requests_per_s", "payload.wire_bytes")
    metrics = tuple(
        a_metric(name, factor * i, f"Endpoint {i}", phase, n=1000)
        for phase in ("single", "concurrent")
        for i in range(1000)
        for name in names
    )
    seconds = tuple(float(i) for i in range(28_800))
    wave = tuple((i * 7919) % 1000 / 3 + factor for i in range(28_800))
    line = Timeline(seconds, wave, wave, wave, wave, tuple(zip(seconds, wave, strict=True)), ())
    curve = tuple((i / 100, factor * i + 1) for i in range(101))
    return a_judged(
        replace(a_run().record, phases=(a_phase("single"), a_phase("concurrent", 60, 28_800))),
        metrics=metrics,
        timeline=line,
        quantiles={f"{phase} / Endpoint {i}": curve for phase in ("single", "concurrent") for i in range(1000)},
        findings=tuple(Finding("rule", f"title {i}", ("evidence",), 1.0, "fix") for i in range(20)),
    )
