"""Settings of an SMS provider: checked by what its file asks for (FIELDS), and put together with its secrets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from retour import checks, limits
from retour.errors import Code, Invalid
from retour.errors import Field as Wrong
from retour.model import ChannelConfiguration, ProviderSettings, Sealed
from retour.sealed import Secrets, column
from retour.smsproviders import SETTINGS
from retour.smsproviders.shapes import Field, Kind

PATH = "providerSettings"
Given = Mapping[str, Any]


def check(
    problems: checks.Problems,
    provider: str,
    given: Given,
    kept: Mapping[str, str],
    wrong_urls: Mapping[str, str | None],
) -> None:
    """All fields, then the provider's own rules. kept: secrets that stay unless others are given, in the clear.

    wrong_urls: what the way out says of those that it was asked about.
    """
    file = SETTINGS[provider]
    fields = {field.name: field for field in file.FIELDS}
    found: dict[str, str | None] = {
        name: f"{file.NAME} has no setting of this name. It has: {', '.join(fields)}."
        for name in given
        if name not in fields
    }
    found |= {
        name: _wrong(field, given.get(name), kept.get(name)) or wrong_urls.get(name)
        for name, field in fields.items()
    }
    if not any(found.values()):
        found |= file.wrong(in_clear(provider, given, kept))
    for name, sentence in found.items():
        problems.add(f"{PATH}.{name}", sentence)


def urls(provider: str, given: Given) -> dict[str, str]:
    """The addresses among the settings, by the names of their fields."""
    found = {
        field.name: _plain(field, given) for field in SETTINGS[provider].FIELDS if field.kind is Kind.URL
    }
    return {name: url for name, url in found.items() if isinstance(url, str)}


def check_led(given: Given, stored: ChannelConfiguration) -> None:
    """A stored secret may not be led to another place by an edit (semantics 9). Raises Invalid."""
    settings = stored.provider_settings or ProviderSettings()
    fields = SETTINGS[stored.provider].FIELDS
    moved = [
        field for field in fields if field.is_way and _plain(field, given) != settings.values.get(field.name)
    ]
    staying = [field for field in fields if field.name in settings.secrets and _keeps(given.get(field.name))]
    if moved and staying:
        label = moved[0].label
        missing = tuple(
            Wrong(f"{PATH}.{field.name}", f"Enter it again: {label} changes, and it would be sent there.")
            for field in staying
        )
        raise Invalid(
            Code.SECRET_REQUIRED, f"Enter every secret again: {label} changes.", missing, status=422
        )


def build(
    secrets: Secrets, sandbox: str, row: str, provider: str, given: Given, stored: ProviderSettings | None
) -> ProviderSettings:
    """Plain values as they are, secrets sealed, new or kept."""
    fields = SETTINGS[provider].FIELDS
    plain = {field.name: _plain(field, given) for field in fields if field.kind is not Kind.SECRET}
    old = stored.secrets if stored else {}
    sealed: dict[str, Sealed] = {}
    for field in (field for field in fields if field.kind is Kind.SECRET):
        value = given.get(field.name)
        if isinstance(value, str) and value.strip():
            sealed[field.name] = secrets.seal(sandbox, row, column(field.name), value.strip())
        elif field.name in old and _keeps(value):
            sealed[field.name] = old[field.name]
    return ProviderSettings(
        values={name: value for name, value in plain.items() if value is not None}, secrets=sealed
    )


def in_clear(provider: str, given: Given, kept: Mapping[str, str]) -> dict[str, Any]:
    """What the provider's file is given, were this saved."""
    fields = SETTINGS[provider].FIELDS
    settings: dict[str, Any] = {}
    for field in fields:
        value = _plain(field, given) if field.kind is not Kind.SECRET else _secret(given, field.name, kept)
        if value is not None:
            settings[field.name] = value
    return settings


def _secret(given: Given, name: str, kept: Mapping[str, str]) -> str | None:
    value = given.get(name)
    if isinstance(value, str) and value.strip():
        return value.strip()
    return kept.get(name) if _keeps(value) else None


def _plain(field: Field, given: Given) -> Any:
    """A value as it is kept; None for none. A choice that is not made is its first."""
    value = given.get(field.name)
    if isinstance(value, str):
        value = value.strip() or None
    if value is None and field.kind is Kind.CHOICE:
        return field.choices[0]
    return value


def _keeps(value: Any) -> bool:
    """Whether a stored secret stays: absent, null, empty, or `{"clear": false}`."""
    return not value.get("clear") if isinstance(value, dict) else not value


def _wrong(field: Field, value: Any, kept: str | None) -> str | None:
    """What is wrong with one value, or None."""
    if field.kind is Kind.SECRET:
        return _wrong_secret(field, value, kept)
    if value is None or value == "":
        return f"Enter {field.label}." if field.required else None
    return _WRONG[field.kind](field, value)


def _wrong_secret(field: Field, value: Any, kept: str | None) -> str | None:
    if isinstance(value, dict):
        return f"Enter {field.label}." if value.get("clear") and field.required else None
    if value is not None and not isinstance(value, str):
        return 'Use text, null to keep what is stored, or {"clear": true} to remove it.'
    if value and len(value) > limits.PROVIDER_SECRET_CHARACTERS:
        return f"Use at most {limits.PROVIDER_SECRET_CHARACTERS:,} characters."
    missing = field.required and not (value or "").strip() and kept is None
    return f"Enter {field.label}." if missing else None


def _wrong_text(field: Field, value: Any) -> str | None:
    return checks.line(value, limits.PROVIDER_TEXT_CHARACTERS) if isinstance(value, str) else "Use text."


def _wrong_choice(field: Field, value: Any) -> str | None:
    return checks.one_of(str(value), field.choices, field.label)


def _wrong_flag(field: Field, value: Any) -> str | None:
    return None if isinstance(value, bool) else "Use true or false."


def _wrong_number(field: Field, value: Any) -> str | None:
    good = isinstance(value, int | float) and not isinstance(value, bool)
    return None if good else "Use a number."


def _wrong_json(field: Field, value: Any) -> str | None:
    if not isinstance(value, dict | list):
        return "Use a JSON object or list."
    if len(msgspec.json.encode(value)) > limits.PROVIDER_JSON_BYTES:
        return f"Use at most {limits.PROVIDER_JSON_BYTES // 1024} KiB."
    return checks.depth(value)


_WRONG = {
    Kind.TEXT: _wrong_text,
    Kind.URL: _wrong_text,
    Kind.CHOICE: _wrong_choice,
    Kind.FLAG: _wrong_flag,
    Kind.NUMBER: _wrong_number,
    Kind.JSON: _wrong_json,
}
