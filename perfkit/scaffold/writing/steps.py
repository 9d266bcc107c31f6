"""Steps → methods of a Locust class: what each sends, what it keeps of the reply, what it picks before."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from perfkit.scaffold.names import identifier
from perfkit.scaffold.script import Auth, Body, Extract, Journey, Pick, Step, Text, Use
from perfkit.scaffold.writing.literals import WIDTH, name, pattern, string, tree, words

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})

Headers = Sequence[tuple[str, Text]]


@dataclass(frozen=True, slots=True)
class Shared:
    """Headers that are written once: those of every step (name → expression), and dicts of several steps
    (expression → the constant that holds it)."""

    default: Mapping[str, str]
    constants: Mapping[str, str]


def shared_headers(steps: Sequence[Step]) -> Shared:
    """What the steps have in common."""
    default = _default_headers(steps)
    sent = (headers for step in steps for headers in (step.headers, *(pick.headers for pick in step.picks)))
    used = Counter(
        tree(own) for headers in sent if (own := _own(headers, default)) and all(map(_is_constant, own.values()))
    )
    repeated = [expression for expression, count in used.items() if count > 1]
    numbered = ("HEADERS" if number == 1 else f"HEADERS_{number}" for number in itertools.count(1))
    return Shared(default, dict(zip(repeated, numbered, strict=False)))


def _default_headers(steps: Sequence[Step]) -> dict[str, str]:
    if len(steps) < 2:
        return {}
    sent = [{(key, words(text)) for key, text in step.headers if _is_constant(text)} for step in steps]
    everywhere = set.intersection(*sent)
    return {key: words(text) for key, text in steps[0].headers if (key, words(text)) in everywhere}


def _own(headers: Headers, default: Mapping[str, str]) -> dict[str, Text]:
    return {key: text for key, text in headers if default.get(key) != words(text)}


def _is_constant(text: Text) -> bool:
    return all(isinstance(part, str) or part.origin == "environment" for part in text.parts)


def body_of_class(journey: Journey, shared: Shared) -> str:
    """A method for each step."""
    taken: set[str] = set()
    methods = []
    for number, step in enumerate(journey.steps, 1):
        stem = f"step {number} {step.name}" if journey.in_order else step.name
        method = identifier(stem, taken)
        taken.add(method)
        lines = "\n".join(f"        {line}" for line in _lines(step, shared))
        methods.append(f"\n    @task\n    def {method}(self) -> None:\n{lines}\n")
    return "".join(methods)


def _lines(step: Step, shared: Shared) -> Iterator[str]:
    if step.think_s:
        yield f"pause({step.think_s!r})"
    for pick in step.picks:
        yield from _call("", f"{pick.name} = self.an_id", _picked(pick, shared), "")
    arguments = list(_arguments(step, shared))
    verb = f"self.client.{step.method.lower()}"
    if not step.extracts:
        yield from _call("", verb, arguments, "")
        return
    yield from _call("with ", verb, [*arguments, "catch_response=True"], " as reply:")
    told = [f"{one.name}={_told(one)}" for one in step.extracts]
    yield from (f"    {line}" for line in _call("", "self.keep", ["reply", *told], ""))
    yield from _call("", "self.require", [string(one.name) for one in step.extracts], "")


def _call(before: str, function: str, arguments: Sequence[str], after: str) -> Iterator[str]:
    """A call on one line, or with an argument a line."""
    line = f"{before}{function}({', '.join(arguments)}){after}"
    if len(line) <= WIDTH and "\n" not in line:
        yield line
        return
    yield f"{before}{function}("
    for argument in arguments:
        yield from (f"    {line}" for line in f"{argument},".split("\n"))
    yield f"){after}"


def _arguments(step: Step, shared: Shared) -> Iterator[str]:
    yield words(step.address, is_address=True)
    yield f"name={string(step.name)}"
    yield from _headers(step.headers, shared)
    if step.auth:
        yield f"auth={_auth(step.auth)}"
    if step.body:
        yield _body(step.body)
    if step.recorded_status in _REDIRECTS:
        yield "allow_redirects=False"


def _headers(headers: Headers, shared: Shared) -> Iterator[str]:
    if own := _own(headers, shared.default):
        expression = tree(own)
        yield f"headers={shared.constants.get(expression, expression)}"


def _auth(auth: Auth) -> str:
    user, password = auth
    return f"({name(user)}, {name(password)})"


def _body(body: Body) -> str:
    match body.kind:
        case "json":
            return f"json={tree(body.value)}"
        case "form":
            fields = [f"({string(key)}, {words(text)})" for key, text in body.value]
            line = f"data=urlencode([{', '.join(fields)}])"
            return (
                line
                if len(line) < WIDTH
                else "data=urlencode(\n    [\n" + "".join(f"        {field},\n" for field in fields) + "    ]\n)"
            )
    return f"data={words(body.value)}.encode()"


def _told(extract: Extract) -> str:
    match extract.kind:
        case "json":
            return f"pointed(reply, {string(extract.where)})"
        case "text":
            return f"matched(reply.text, {pattern(extract.where)})"
        case "cookie":
            return f"cookie(self.client, {string(extract.where)})"
    found = f"header(reply, {string(extract.where)})"
    return f"matched({found}, {pattern(extract.pattern)})" if extract.pattern else found


def _picked(pick: Pick, shared: Shared) -> list[str]:
    keys = "".join(f"{string(key)}, " for key in pick.keys).rstrip()
    keys = f"({keys})" if len(pick.keys) == 1 else f"({keys.rstrip(',')})"
    otherwise = name(pick.otherwise) if isinstance(pick.otherwise, Use) else tree(pick.otherwise)
    options = list(_headers(pick.headers, shared))
    options += [f"auth={_auth(pick.auth)}"] if pick.auth else []
    return [
        words(pick.address, is_address=True),
        f"name={string(pick.list_name)}",
        f"keys={keys}",
        f"otherwise={otherwise}",
        *options,
    ]
