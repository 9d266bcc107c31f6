"""Take out of a text what nobody else may read: literals of SQL, passwords of database addresses, known secrets.

Knows the places where such things stand; does not know where a text is going. In doubt it takes out more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import quote, quote_plus, unquote

from perfkit.sqltext import tokens

PLACEHOLDER: Final = "?"
MASK: Final = "***"
MIN_SECRET_CHARACTERS: Final = 3

_BLANKS: Final = {"literal": PLACEHOLDER, "number": PLACEHOLDER, "comment": " "}
_NAMES_END: Final = ("Name", "Alias", "Schema")
_PASSWORD: Final = re.compile(
    r"""(?P<key>pass(?:word|wd)["']?\s*+[:=]\s*+)
        (?: '(?:[^'\\]++|\\.)*+(?:'|\\?\Z) | "(?:[^"\\]++|\\.)*+(?:"|\\?\Z) | (?:\\.|[^\s\\])*+ )""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_QUERY_PAIR: Final = re.compile(r"(?P<key>[?&;](?P<name>[^=&;?#\s]+)=)(?P<value>[^&;#\s\"'<>]+)")
_SECRET_NAME: Final = re.compile(
    r"passw|passphrase|secret|token|api[-_.]?key|(?:access|private|auth|client)[-_.]?key|credential|authorization|jwt"
    r"|(?<![a-z])(?:pwd|otp|pin|sig|signature|sid|session|sessionid|auth)(?![a-z])",
    re.IGNORECASE,
)
_CREDENTIALS: Final = re.compile(r"://(?P<user>[^:@/]*+):(?P<secret>.*+)", re.DOTALL)


def redact_literals(sql: str) -> str:
    """SQL, or a condition as EXPLAIN prints it, with `?` for every string and number and without comments.

    Names stay, and so do `$1` and the keywords TRUE, FALSE and NULL.
    """
    return "".join(_BLANKS.get(token.kind, token.text) for token in tokens(sql))


def redact_plan_details(details: Mapping[str, Any]) -> dict[str, Any]:
    """The details of a plan node with literals taken out of its expressions; names and measured numbers stay."""
    return {key: value if key.endswith(_NAMES_END) else _redact_value(value) for key, value in details.items()}


def _redact_value(value: Any) -> Any:
    match value:
        case str():
            return redact_literals(value)
        case Mapping():
            return redact_plan_details(value)
        case list() | tuple():
            return [_redact_value(item) for item in value]
    return value


def redact_dsn(text: str) -> str:
    """A text without the passwords of addresses: `://user:secret@host`, `password=secret`, `password='se cret'`.

    A URL's password ends at the last `@` before a blank, a conninfo's unquoted one at the next blank: of what follows
    such a password without a blank, more is masked than needed.
    """
    by_key = _PASSWORD.sub(rf"\g<key>{MASK}", text)
    return "".join(_mask_credentials(piece) for piece in re.split(r"(\s+)", by_key))


def _mask_credentials(piece: str) -> str:
    found = _CREDENTIALS.search(piece)
    if found is None:
        return piece
    _, at, rest = found["secret"].rpartition("@")
    if not at:
        return piece
    return f"{piece[: found.start()]}://{found['user']}:{MASK}@{rest}"


def redact_query(text: str) -> str:
    """A text with addresses without what stands behind names like `password`, `token` and `api_key` in their queries.

    A value in braces stays: it is the placeholder of a pattern.
    """
    return _QUERY_PAIR.sub(_mask_value, text) if "?" in text else text


def _mask_value(pair: re.Match[str]) -> str:
    is_secret = _SECRET_NAME.search(unquote(pair["name"])) and not pair["value"].startswith("{")
    return f"{pair['key']}{MASK}" if is_secret else pair[0]


def redact_secrets(text: str, secrets: Iterable[str]) -> str:
    """A text without the given secrets, as they are or percent-encoded. Below three characters nothing is a secret."""
    forms = {
        form for secret in secrets for form in (secret, quote(secret, safe=""), quote_plus(secret), unquote(secret))
    }
    known = sorted((form for form in forms if len(form) >= MIN_SECRET_CHARACTERS), key=len, reverse=True)
    if not known:
        return text
    return re.sub("|".join(map(re.escape, known)), MASK, text)


def _forms_of(secret: str) -> tuple[str, ...]:
    return (secret, quote(secret, safe=""), quote_plus(secret), unquote(secret))
