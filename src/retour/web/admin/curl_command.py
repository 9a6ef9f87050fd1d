"""A try as a cURL command, to be repeated by hand. Secrets are variables of the shell: no log holds them. Pure."""

from __future__ import annotations

import re
import shlex

from retour.dispatch import HIDDEN
from retour.model import Attempt

NOT_IN_A_NAME = re.compile(r"[^A-Z0-9]+")


def command(attempt: Attempt, body: bytes) -> str:
    """The command. The body is the event's, which is the same at every try."""
    lines = [f"curl -X POST {shlex.quote(attempt.url)}"]
    lines += [f"-H {_header(name, value)}" for name, value in attempt.request_headers]
    lines.append(f"--data-binary {quoted(body.decode('utf-8', 'replace'))}")
    return " \\\n  ".join(lines)


def secrets(attempt: Attempt) -> list[str]:
    """The variables that have to be set, as `$AUTHORIZATION`."""
    return [f"${_variable(name)}" for name, value in attempt.request_headers if value.endswith(HIDDEN)]


def quoted(text: str) -> str:
    """One word for a shell, whatever is in it: `'` ends the quotation, stands alone, and begins it again."""
    return "'" + text.replace("'", "'\\''") + "'"


def _header(name: str, value: str) -> str:
    """cURL sends a header without a value when it ends with a semicolon."""
    if value.endswith(HIDDEN):
        return f'{quoted(f"{name}: {value.removesuffix(HIDDEN)}")}"${_variable(name)}"'
    return quoted(f"{name}: {value}") if value else quoted(f"{name};")


def _variable(name: str) -> str:
    word = NOT_IN_A_NAME.sub("_", name.upper()).strip("_") or "SECRET"
    return f"_{word}" if word[0].isdecimal() else word
