"""Data made up from a template, of which the template can make a message. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from retour.rendering.signatures import Kind

ITEM = "[]"  # the step from a list into its items
Uses = dict[tuple[str, ...], Kind]  # of each variable, as what a function or a calculation takes it
VALUES: dict[Kind, Any] = {
    Kind.DATE: "2026-01-31T09:30:00Z",
    Kind.FLAG: True,
    Kind.LIST: [1, 2],
    Kind.LOCALE: "en_US",
    Kind.NUMBER: 12,
    Kind.OBJECT: {"name": "value"},
    Kind.WHOLE: 12,
    Kind.ZONE: "Europe/Amsterdam",
}


@dataclass(slots=True)
class _Place:
    """In the data: as what it is used, and what is used inside it."""

    kind: Kind = Kind.VALUE
    inside: dict[str, _Place] = field(default_factory=dict)


def example(uses: Uses) -> dict[str, Any]:
    """`{"context": {"order": {"id": "id"}}}`: a value for each variable, its own name where a text will do."""
    root = _Place()
    for steps, kind in uses.items():
        place = root
        for step in steps:
            place = place.inside.setdefault(step, _Place())
        if kind is not Kind.VALUE:
            place.kind = kind
    return {name: _value(place, name) for name, place in root.inside.items()}


def _value(place: _Place, name: str) -> Any:
    """What is used as a text and as an object is an object; as an object and as a list, a list of objects."""
    inside = dict(place.inside)
    item = inside.pop(ITEM, None)
    if item is not None:
        return [_value(_Place(item.kind, inside | item.inside), name)]
    if inside:
        return {step: _value(each, step) for step, each in inside.items()}
    return VALUES.get(place.kind, name)
