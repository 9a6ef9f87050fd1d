"""The part of a channel configuration's form that an SMS provider asks for, by its FIELDS."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import msgspec

from retour.model import ChannelConfiguration, ProviderSettings
from retour.smsproviders import SETTINGS
from retour.smsproviders.shapes import Field, Kind
from retour.web.admin.forms.fields import BAD_NUMBER, Form, as_decimal

MOST_LINES = 12  # of a box, before it scrolls


class Typed(NamedTuple):
    """A field with what stands in it. kept: a secret is stored, and stays when none is typed."""

    field: Field
    text: str = ""
    kept: bool = False
    forgotten: bool = False

    @property
    def place(self) -> str:
        """Its id on the page, where its problem is told."""
        return f"providerSettings-{self.field.name}"

    @property
    def name(self) -> str:
        """What it is posted as."""
        return f"ps-{self.field.name}"

    @property
    def lines(self) -> int:
        """The height of its box."""
        return max(2, min(MOST_LINES, self.text.count("\n") + 1))


def blank(provider: str) -> tuple[Typed, ...]:
    """Nothing is entered."""
    return tuple(Typed(field) for field in _fields(provider))


def of(stored: ChannelConfiguration) -> tuple[Typed, ...]:
    """What is stored; its secrets stay where they are."""
    settings = stored.provider_settings or ProviderSettings()
    return tuple(
        Typed(field, text=_shown(settings.values.get(field.name)), kept=field.name in settings.secrets)
        for field in _fields(stored.provider)
    )


def typed(form: Form, provider: str, stored: ChannelConfiguration | None) -> tuple[Typed, ...]:
    """What was posted."""
    secrets = stored.provider_settings.secrets if stored and stored.provider_settings else {}
    return tuple(
        Typed(
            field,
            text=_posted(form, field),
            kept=field.name in secrets,
            forgotten=form.on(f"ps-forget-{field.name}"),
        )
        for field in _fields(provider)
    )


def to_input(fields: tuple[Typed, ...]) -> dict[str, Any]:
    """For the catalog; what is no JSON or no number goes there as text, to be refused in its words."""
    return {one.field.name: _value(one) for one in fields}


def told(fields: tuple[Typed, ...]) -> dict[str, str]:
    """Label to value, without secrets."""
    return {one.field.label: one.text for one in fields if one.field.kind is not Kind.SECRET}


def _fields(provider: str) -> tuple[Field, ...]:
    return SETTINGS[provider].FIELDS if provider in SETTINGS else ()


def _posted(form: Form, field: Field) -> str:
    name = f"ps-{field.name}"
    if field.kind is Kind.FLAG:
        return "true" if form.on(name) else ""
    return form.text(name) if field.kind is Kind.JSON else form.line(name)


def _shown(value: Any) -> str:
    if value is None or value is False:
        return ""
    if isinstance(value, dict | list):
        return json.dumps(value, indent=2, ensure_ascii=False)
    return f"{value:g}" if isinstance(value, float) else "true" if value is True else str(value)


def _value(one: Typed) -> Any:
    if one.field.kind is Kind.FLAG:
        return bool(one.text)
    if not one.text.strip():
        return {"clear": True} if one.forgotten else None
    if one.field.kind is Kind.JSON:
        return _decoded(one.text)
    if one.field.kind is Kind.NUMBER:
        number = as_decimal(one.text)
        return one.text if number == BAD_NUMBER else int(number) if number.is_integer() else number
    return one.text


def _decoded(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return text
