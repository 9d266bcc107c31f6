"""Why a value cannot be made up. Stays between the reader of OpenAPI documents and the list of what it left out."""

from __future__ import annotations


class UnderivableError(Exception):
    """`reason` continues a sentence that begins with the name of the value; `place` is the way down to it."""

    def __init__(self, reason: str, place: tuple[str, ...] = ()) -> None:
        super().__init__(reason)
        self.reason = reason
        self.place = place

    def said_of(self, what: str) -> str:
        """The whole sentence: "its body: items.price is a file"."""
        return f"{what}: {'.'.join(self.place[:4])} {self.reason}" if self.place else f"{what} {self.reason}"
