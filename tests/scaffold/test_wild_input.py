"""Whatever is in a source: it is understood or refused in a sentence, and what is written is Python and TOML."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from perfkit import config, metrics
from perfkit.errors import PerfkitError
from perfkit.scaffold.script import Wishes
from tests.scaffold.wild import ANYTHING, APIS, RECORDINGS, WORDS, imported

QUICK = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def is_suite_or_sentence(kind: str, document: Any, wishes: Wishes = Wishes()) -> bool:  # noqa: B008 (frozen)
    """Whether it was refused in a sentence of one line, or became a scenario that compiles and a config that names it.

    Raises:
        SyntaxError, ConfigError: what was written is no Python, or no perfkit.toml.
    """
    try:
        written, scenario, toml = imported(kind, document, wishes=wishes)
    except PerfkitError as error:
        event("refused")
        return bool(error.message.strip()) and len(error.message.splitlines()) == 1
    event("understood")
    compile(scenario, "locustfile.py", "exec")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "scenarios", written.imported.slug, "locustfile.py")
        file.parent.mkdir(parents=True)
        file.write_text("")
        read = config.from_text(toml, Path(folder, "perfkit.toml"), metrics=metrics.names())
        return read.scenario.file.samefile(file) and len(read.phases) > 0


@QUICK
@given(st.sampled_from(["openapi", "har"]), ANYTHING)
def test_any_json_is_refused_or_understood(kind: str, document: Any) -> None:
    assert is_suite_or_sentence(kind, document)


@QUICK
@given(APIS)
def test_any_openapi_document_becomes_python_or_a_sentence(document: Any) -> None:
    assert is_suite_or_sentence("openapi", document, Wishes(include_delete=True))


@QUICK
@given(RECORDINGS)
def test_any_recording_becomes_python_or_a_sentence(document: Any) -> None:
    assert is_suite_or_sentence("har", document)


@QUICK
@given(st.lists(WORDS, min_size=1, max_size=6))
def test_any_address_of_a_log_becomes_python_or_a_sentence(addresses: list[str]) -> None:
    lines = (
        b'::1 - - [17/Sep/2025:06:00:01 +0000] "GET /%b HTTP/1.1" 200 5 "-" "-"\n' % one.encode("utf-8", "replace")
        for one in addresses
    )
    assert is_suite_or_sentence("access-log", b"".join(lines))


@QUICK
@given(st.sampled_from(["openapi", "har", "access-log"]), st.binary(max_size=200))
def test_any_bytes_are_refused_or_understood(kind: str, data: bytes) -> None:
    assert is_suite_or_sentence(kind, data)
