"""Reads what the user names: a JSON or YAML document whole, a log line by line; packed with gzip or not.

Knows files and their limits; every way in which a file can be unreadable is one sentence. Knows no format's meaning.
"""

from __future__ import annotations

import contextlib
import gzip
import importlib
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final, NoReturn

from perfkit.errors import UsageError

LARGEST_DOCUMENT: Final = 256 << 20
LARGEST_YAML: Final = 32 << 20
LONGEST_LINE: Final = 64 << 10
_GZIP: Final = b"\x1f\x8b"
_TIMESTAMP: Final = "tag:yaml.org,2002:timestamp"
_ANOTHER_FILE: Final = "name a file that exists and that you may read"


def json_of(file: Path) -> Any:
    """The JSON document in a file. Numbers that JSON does not have (NaN) are None.

    Raises:
        UsageError: it cannot be read, is too large, or is not JSON.
    """
    return _parse_json(file, _text_of(file))


def document_of(file: Path) -> Any:
    """The JSON or YAML document in a file.

    Raises:
        UsageError: it cannot be read, is too large, or is neither.
    """
    text = _text_of(file)
    if text.lstrip()[:1] in ("{", "[") or file.name.removesuffix(".gz").endswith(".json"):
        return _parse_json(file, text)
    return _parse_yaml(file, text)


def lines_of(file: Path) -> Iterator[bytes | None]:
    """The lines of a file without their ends; None for one that is longer than 64 KiB. Nothing is kept.

    Raises:
        UsageError: it cannot be read.
    """
    with _opened(file) as opened:
        is_inside = False
        while piece := opened.readline(LONGEST_LINE):
            is_end = piece.endswith(b"\n") or len(piece) < LONGEST_LINE
            if is_end:
                yield None if is_inside else piece.rstrip(b"\r\n")
            is_inside = not is_end
        if is_inside:
            yield None


def _text_of(file: Path) -> str:
    with _opened(file) as opened:
        data = opened.read(LARGEST_DOCUMENT + 1)
    if len(data) > LARGEST_DOCUMENT:
        raise UsageError(f"{file} is larger than {LARGEST_DOCUMENT >> 20} MiB", hint="export a shorter session")
    if not data.strip():
        raise UsageError(f"{file} is empty", hint=_ANOTHER_FILE)
    try:
        return data.decode("utf-8-sig" if data.startswith(b"\xef\xbb\xbf") else json.detect_encoding(data))
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is not text: byte {error.start + 1} is not {error.encoding}") from error


@contextlib.contextmanager
def _opened(file: Path) -> Iterator[BinaryIO]:
    """The file, unpacked while it is read if it is packed; what goes wrong in the block is said in a sentence."""
    try:
        with file.open("rb") as plain:
            if plain.peek(2)[:2] != _GZIP:
                yield plain
            else:
                with gzip.open(plain) as unpacked:
                    yield unpacked  # type: ignore[misc]  # GzipFile reads as a BinaryIO does
    except FileNotFoundError as error:
        raise UsageError(f"there is no {file}", hint=_ANOTHER_FILE) from error
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise UsageError(f"{file} is packed with gzip, and broken: {error}", hint="pack or copy it again") from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise UsageError(f"cannot read {file}: {reason}", hint=_ANOTHER_FILE) from error
    except MemoryError as error:
        raise UsageError(f"{file} is larger than this machine's memory", hint="export less of it") from error


def _parse_json(file: Path, text: str) -> Any:
    try:
        return json.loads(text, parse_constant=lambda _: None)
    except json.JSONDecodeError as error:
        raise UsageError(f"{file}, line {error.lineno}: is not JSON: {error.msg}") from error
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits; brackets 1,000 deep
        _refuse(file, error)


def _parse_yaml(file: Path, text: str) -> Any:
    if "\0" in text:
        raise UsageError(f"{file} is neither JSON nor YAML: it is not text")
    if len(text) > LARGEST_YAML:
        raise UsageError(f"{file} is YAML larger than {LARGEST_YAML >> 20} MiB", hint="save it as JSON")
    yaml = _pyyaml(file)
    try:
        return _yaml_loader(yaml)(text).get_single_data()
    except yaml.MarkedYAMLError as error:
        place = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise UsageError(f"{file}{place}: is neither JSON nor YAML: {error.problem}") from error
    except (yaml.YAMLError, ValueError, TypeError, LookupError, RecursionError) as error:
        _refuse(file, error)


def _pyyaml(file: Path) -> Any:
    hint = "pip install pyyaml, or save the document as JSON"
    with contextlib.suppress(ImportError):
        yaml = importlib.import_module("yaml")
        if hasattr(yaml, "SafeLoader"):  # a folder of that name is a module too
            return yaml
    raise UsageError(f"{file} is not JSON, and reading YAML needs PyYAML", hint=hint)


def _yaml_loader(yaml: Any) -> Any:
    """PyYAML's safe loader, which makes no objects; dates stay the text that they are in JSON."""
    base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    resolvers = {
        first: [pair for pair in pairs if pair[0] != _TIMESTAMP]
        for first, pairs in base.yaml_implicit_resolvers.items()
    }
    return type("Loader", (base,), {"yaml_implicit_resolvers": resolvers})


def _refuse(file: Path, error: Exception) -> NoReturn:
    message = f"{file} is beyond what can be read: {type(error).__name__}"
    raise UsageError(message, hint="it is nested too deeply, or has a number of thousands of digits") from error
