"""The report in a real Chromium: what it asks for, what it complains of, whether a phone can show it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from perfkit.report.writing import write_reports
from tests import lacking
from tests.report.chromium import Page, a_page, find
from tests.report.erp import erp_story
from tests.report.hostile import hostile_story

pytestmark = pytest.mark.browser

SIDEWAYS = """
[...document.querySelectorAll("body *")].filter(it => !it.closest(".scroll, pre, details:not([open]), svg")
  && it.getBoundingClientRect().right > innerWidth + 1).map(it => it.outerHTML.slice(0, 80))
"""


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    program = find()
    if program is None:
        lacking.without("there is no Chromium: set CHROME_PATH, or install chromium")
    with a_page(program) as tab:
        yield tab


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_reports(erp_story(), tmp_path_factory.mktemp("erp"))[0].as_uri()


@pytest.fixture(scope="module")
def hostile_report(tmp_path_factory: pytest.TempPathFactory) -> str:
    story = replace(hostile_story(), show_literals=True)
    return write_reports(story, tmp_path_factory.mktemp("hostile"))[0].as_uri()


def test_the_page_asks_for_nothing_and_complains_of_nothing(page: Page, report: str) -> None:
    page.open(report)
    assert (page.requests, page.complaints) == ([report], [])


def test_the_tables_of_the_plan_are_there(page: Page, report: str) -> None:
    page.open(report)
    assert page.evaluate("document.querySelectorAll('#sheets tbody tr').length") == 9


def test_charts_have_lines_and_figures_behind_them(page: Page, report: str) -> None:
    page.open(report)
    page.evaluate("document.querySelectorAll('details').forEach(it => it.open = true)")
    assert page.evaluate("[...document.querySelectorAll('path.line')].every(it => it.getTotalLength() > 100)")
    assert page.evaluate("document.querySelectorAll('#distributions figure table').length") == 12


@pytest.mark.parametrize("is_dark", [False, True])
def test_text_stands_out_from_its_ground(page: Page, report: str, is_dark: bool) -> None:
    """WCAG 2.2 asks for a contrast of 4.5 for text, in either scheme."""
    page.open(report, is_dark=is_dark)
    assert page.evaluate(CONTRAST) >= 4.5


def test_a_phone_shows_the_page_without_scrolling_sideways(page: Page, report: str) -> None:
    page.open(report, width=390, height=844)
    page.evaluate("document.querySelectorAll('details').forEach(it => it.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate(SIDEWAYS) == []


def test_on_a_phone_rows_with_sentences_are_paragraphs(page: Page, report: str) -> None:
    """All of a verdict, a leak, an advice and a budget is in sight; only tables of figures alone go sideways."""
    page.open(report, width=390, height=844)
    wide = """[...document.querySelectorAll(".scroll")].filter(it => it.scrollWidth > it.clientWidth + 1)
        .map(it => it.closest("section").id)"""
    told = set(page.evaluate(wide))
    assert told & {"validity", "sheets", "expectations", "leaks", "findings", "advice", "budget"} == set()
    label = "getComputedStyle(document.querySelector('#budget td:last-child'), '::before').content"
    assert "Lock wait in concurrent" in page.evaluate("document.querySelector('#budget td:last-child').dataset.label")
    assert page.evaluate(label) not in ("none", "normal")


def test_long_hostile_names_do_not_widen_the_page(page: Page, hostile_report: str) -> None:
    page.open(hostile_report, width=390, height=844)
    page.evaluate("document.querySelectorAll('details').forEach(it => it.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_script_in_a_name_is_text(page: Page, hostile_report: str) -> None:
    page.open(hostile_report)
    assert "<script>alert(1)</script>" in page.evaluate("document.querySelector('h1').textContent")
    assert page.evaluate("document.querySelectorAll('script, img, main [onload], main [onerror]').length") == 0
    assert (page.dialogs, page.requests, page.complaints) == ([], [hostile_report], [])


def test_nothing_is_lost_on_paper(page: Page, report: str) -> None:
    """What is folded on the screen is open in print."""
    page.open(report)
    page.call("Emulation.setEmulatedMedia", media="print")
    assert page.evaluate("document.querySelector('#everything table').getBoundingClientRect().height > 100")


CONTRAST = """
(() => {
  const light = c => { const v = c.match(/[\\d.]+/g).slice(0, 3).map(n => n / 255)
      .map(n => n <= .03928 ? n / 12.92 : ((n + .055) / 1.055) ** 2.4); return .2126*v[0] + .7152*v[1] + .0722*v[2]; };
  const ground = it => { for (; it; it = it.parentElement) {
      const c = getComputedStyle(it).backgroundColor; if (!c.endsWith(", 0)")) return c; } return "rgb(255,255,255)"; };
  const ratio = it => { const [a, b] = [light(getComputedStyle(it).color), light(ground(it))].sort((x, y) => y - x);
      return (a + .05) / (b + .05); };
  const texts = [...document.querySelectorAll("body *")].filter(it => !it.closest("svg")
      && [...it.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()));
  return Math.min(...texts.map(ratio));
})()
"""
