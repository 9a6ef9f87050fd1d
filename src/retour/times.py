"""Times as people read them."""

from __future__ import annotations

from retour import ids, limits


def moment(micros: int) -> str:
    """`2026-11-24 10:12:04 UTC`."""
    return f"{ids.iso(micros)[:19].replace('T', ' ')} UTC"


def duration(micros: int) -> str:
    """`42 s`, `1 min 42 s`, `3 h 5 min`, `2 d 4 h`: the two largest parts."""
    seconds = max(micros // limits.SECOND, 1)
    parts = []
    for word, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        if seconds >= size:
            parts.append(f"{seconds // size} {word}")
            seconds %= size
    return " ".join(parts[:2])
