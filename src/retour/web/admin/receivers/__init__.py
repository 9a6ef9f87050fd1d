"""Receivers to start from, as docs/webhooks.md has them. The tests run each of them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent


class Receiver(NamedTuple):
    """A framework with its file, and the file beside it that remembers what was seen, if it is another one."""

    word: str
    framework: str
    file: str
    inbox: str = "inbox.py"


RECEIVERS = (
    Receiver("flask", "Flask", "flask_receiver.py"),
    Receiver("fastapi", "FastAPI", "fastapi_receiver.py"),
    Receiver("django", "Django", "django_receiver.py"),
    Receiver("express", "Express", "express_receiver.mjs", inbox=""),
)


@cache
def text(file: str) -> str:
    """A receiver's source. Not imported here, so that nobody's framework is needed."""
    return (FOLDER / f"{file}.txt").read_text(encoding="utf-8")
