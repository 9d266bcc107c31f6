"""What was imported → a Locust file: plain, readable, and Python whatever names and bodies the source had.

Everything of the source is written by literals.py, or is a name made by names.py; comments pass `prose`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import Final

from perfkit.scaffold.script import Imported, Journey, Mix, Variable
from perfkit.scaffold.writing import parts
from perfkit.scaffold.writing.literals import string, words
from perfkit.scaffold.writing.steps import Shared, body_of_class, shared_headers

_TOTAL_WEIGHT: Final = 10_000
_NOT_CALLED_SHOWN: Final = 200
_HEAD: Final = '''\
"""Made from {origin}, by `perfkit init`; change it as you like.

Plain Locust: `perfkit bench` runs it, and so does `locust -f locustfile.py --host URL`.
"""

from __future__ import annotations

{imports}

from locust import {locust}

PACE = float(os.environ.get("SCENARIO_PACE", "1"))  # 0: no pauses at all
'''


def locustfile(imported: Imported) -> str:
    """The text of the scenario."""
    load = imported.load
    shared = Shared({}, {}) if isinstance(load, Mix) else shared_headers(load.steps)
    body = _mix(load) if isinstance(load, Mix) else _journey(load, shared)
    constants = "".join([*_constants(imported.variables), *_header_constants(shared)])
    functions, imports = _functions(constants + body)
    head = _HEAD.format(
        origin=prose(imported.origin),
        imports=_sorted_imports(imports),
        locust=", ".join(_locust_names(body)),
    )
    return head + constants + functions + body + _not_called(imported)


def prose(text: str) -> str:
    """A text for a comment or a docstring: one line, without anything that would end it."""
    plain = "".join(letter if letter.isprintable() else " " for letter in text)
    return plain.replace("\\", "/").replace('"', "'").strip()[:300]


def _constants(variables: Sequence[Variable]) -> Iterator[str]:
    if variables:
        yield "\n# Secrets stand in the environment, never in this file.\n"
    for one in variables:
        yield f'{one.name} = os.environ.get("{one.name}", "")  # {prose(one.what)}\n'


def _header_constants(shared: Shared) -> Iterator[str]:
    if shared.constants:
        yield "\n# Headers of several requests.\n"
    yield from (f"{name} = {expression}\n" for expression, name in shared.constants.items())


def _functions(text: str) -> tuple[str, list[str]]:
    """The functions that a text uses, and what they and it import."""
    used = [(needs, source) for call, (needs, source) in parts.FUNCTIONS.items() if _calls(call, text)]
    imports = ["import os", *(need for needs, _ in used for need in needs)]
    written = "".join(f"\n{source}" for _, source in used)
    everything = text + written
    for sign, need in (
        ("Any", "from typing import Any"),
        ("random.", "import random"),
        ("urlencode(", "from urllib.parse import urlencode"),
        ("urlsplit(", "from urllib.parse import urlsplit"),
        ("create_cookie(", "from requests.cookies import create_cookie"),
    ):
        if sign in everything:
            imports.append(need)
    return written, imports


def _calls(call: str, text: str) -> bool:
    return re.search(rf"(?<![\w.]){re.escape(call)}", text) is not None


def _sorted_imports(imports: Sequence[str]) -> str:
    """Plain imports first; several names of one module on one line; what is not of Python itself in a block below."""
    plain = sorted({line for line in imports if line.startswith("import ")})
    modules: dict[str, set[str]] = {}
    for line in imports:
        if line.startswith("from "):
            _, module, _, name = line.split(" ")
            modules.setdefault(module, set()).add(name)
    lines = {module: f"from {module} import {', '.join(sorted(names))}" for module, names in sorted(modules.items())}
    foreign = lines.pop("requests.cookies", None)
    return "\n".join([*plain, *lines.values(), *(["", foreign] if foreign else [])])


def _locust_names(body: str) -> list[str]:
    known = ("FastHttpUser", "SequentialTaskSet", "between", "constant", "task")
    return [name for name in known if re.search(rf"(?<!\w)(?:@{name}\n|{name}[()])", body)]


def _journey(journey: Journey, shared: Shared) -> str:
    steps = body_of_class(journey, shared)
    cookies = parts.FIRST_COOKIES % journey.cookies.name if journey.cookies else ""
    if journey.in_order:
        start = f"\n    def on_start(self) -> None:{cookies}" if cookies else ""
        keeping = parts.KEEPING if "self.keep(" in steps else ""
        found = "\n    def on_start(self) -> None:\n        self.found: dict[str, Any] = {}\n" if keeping else ""
        return (
            '\n\nclass Visit(SequentialTaskSet):\n    """The recording, request by request."""\n\n'
            "    wait_time = constant(0)  # the pauses stand where the recording had them\n"
            f"{found}{keeping}{steps}\n\n"
            'class Visitor(FastHttpUser):\n    """One visit after the other."""\n\n'
            "    wait_time = between(1 * PACE, 3 * PACE)  # seconds between two visits\n"
            f"{_default_headers(shared)}    tasks = [Visit]\n{start}"
        )
    picking = parts.AN_ID if "self.an_id(" in steps else ""
    known = "\n    def on_start(self) -> None:\n        self.known: dict[str, list[Any]] = {}\n" if picking else ""
    return (
        '\n\nclass Caller(FastHttpUser):\n    """One client of the API; each task is one operation."""\n\n'
        "    wait_time = between(0.1 * PACE, 0.5 * PACE)  # seconds between two tasks\n"
        f"{_default_headers(shared)}{known}{picking}{steps}"
    )


def _default_headers(shared: Shared) -> str:
    if not shared.default:
        return ""
    rows = "".join(f"        {string(name)}: {value},\n" for name, value in shared.default.items())
    return f"    default_headers = {{\n{rows}    }}\n"


def _mix(mix: Mix) -> str:
    total = sum(request.count for request in mix.requests)
    weights = [max(round(request.count / total * _TOTAL_WEIGHT), 1) for request in mix.requests]
    divisor = math.gcd(*weights)
    rows = []
    for request, weight in zip(mix.requests, weights, strict=True):
        addresses = [words(one, is_address=True) for one in request.addresses]
        listed = f"[{addresses[0]}]"
        if len(addresses) > 1:
            listed = "[\n" + "".join(f"            {one},\n" for one in addresses) + "        ]"
        facts = (str(weight // divisor), string(request.method), string(request.name), listed)
        written = "".join(f"        {fact},\n" for fact in facts)
        rows.append(f"    (  # {request.count:,} requests\n{written}    ),\n")
    return (
        "\n\n# Weight, method, name and addresses; an address that was asked for often stands here several times.\n"
        f"MIX: list[tuple[int, str, str, list[str]]] = [\n{''.join(rows)}]\n\n\n"
        'class Visitor(FastHttpUser):\n    """Asks for the addresses of the log as often as they were asked for."""\n\n'
        "    wait_time = between(0.1 * PACE, 0.5 * PACE)  # seconds between two requests\n"
        "    tasks = {asking(method, name, addresses): weight for weight, method, name, addresses in MIX}\n"
    )


def _not_called(imported: Imported) -> str:
    if not imported.skipped:
        return ""
    shown = imported.skipped[:_NOT_CALLED_SHOWN]
    rows = "".join(f"#   {prose(one.name)}: {prose(one.reason)}\n" for one in shown)
    more = len(imported.skipped) - len(shown)
    return f"\n\n# Not called:\n{rows}" + (f"#   and {more:,} more\n" if more else "")
