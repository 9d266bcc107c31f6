"""Signs that are not seen but do something (colour a terminal, ring it, turn the direction of writing) → visible ones.

All that perfkit shows of texts from outside goes through here, whatever it is shown in. Knows no format but JSON.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

# C0 and C1 control characters (so no escape sequence), those that turn the direction of writing, and surrogates, which
# have no form that could be written.
_UNSEEN: Final = "\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff"
_SIGN: Final = re.compile(f"[{_UNSEEN}]")
_BLANKS: Final = re.compile("[\t-\r\x85\u2028\u2029]+")
_PICTURES: Final = 0x2400
_LAST_C0: Final = 0x1F
_DELETE: Final = 0x7F
_ONE_BYTE: Final = 0xFF


def visible(text: str) -> str:
    """A text of which nothing does anything: ESC as "␛", others as "\\x9b" and "\\u202e". Line ends and tabs stay."""
    return _SIGN.sub(_picture, text.replace("\r\n", "\n"))


def on_one_line(text: str) -> str:
    """As `visible`, with a blank for line ends and tabs."""
    return visible(_BLANKS.sub(" ", text))


def json_text(content: Any, *, is_ascii: bool = False) -> str:
    """JSON of which nothing does anything when it is printed; what is read from it is what was written."""
    written = json.dumps(content, indent=1, ensure_ascii=is_ascii)
    return _SIGN.sub(lambda found: f"\\u{ord(found[0]):04x}", written)


def _picture(found: re.Match[str]) -> str:
    number = ord(found[0])
    if number <= _LAST_C0:
        return chr(_PICTURES + number)
    if number == _DELETE:
        return "␡"
    return f"\\x{number:02x}" if number <= _ONE_BYTE else f"\\u{number:04x}"
