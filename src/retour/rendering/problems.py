"""What can be wrong with a template, and with a message that is made from it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from retour.model import Value

SHOWN_CHARACTERS = 60  # of a name in a sentence


class RenderTrouble(Exception):
    """This message can't be rendered from this data; the text is a sentence. Another try ends alike.

    The sentence names places in the template, never a value of the data.
    """


class Problem(Value, frozen=True):
    """Where a template can't be understood, counted from 1, and a sentence that says why."""

    line: int
    column: int
    message: str


class Stop(Exception):
    """Ends the translation of a template at a place in it. Does not leave `syntax.translate`."""

    def __init__(self, at: int, message: str) -> None:
        super().__init__(message)
        self.at = at
        self.message = message


def shown(name: str) -> str:
    """A name from a template, quoted, as a sentence holds it."""
    return repr(name if len(name) <= SHOWN_CHARACTERS else name[: SHOWN_CHARACTERS - 1] + "…")


def meant(name: str, known: Iterable[str]) -> str:
    """A sentence with the known name that is nearest, with the space before it; empty if none is near."""
    names = {each.lower(): each for each in sorted(known)}
    near = difflib.get_close_matches(name[:SHOWN_CHARACTERS].lower(), names, n=1, cutoff=0.6)
    return f" Did you mean {names[near[0]]}?" if near else ""
