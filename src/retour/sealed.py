"""Secrets of channel configurations: sealed where they are configured, opened where something is sent with them."""

from __future__ import annotations

from retour.model import ChannelConfiguration, ProviderSettings, Sealed
from retour.sealing import Keys

PASSWORD = "password"  # noqa: S105 - the name under which that of an SMTP relay is opened
SMTP_COLUMN = "smtp.password"


class Secrets:
    """Seals one, opens all of a channel configuration."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def seal(self, sandbox: str, row: str, column: str, value: str) -> Sealed:
        """One, bound to its place."""
        return Sealed(sealed=self._keys.seal(value.encode(), sandbox=sandbox, row=row, column=column))

    def opened(self, configuration: ChannelConfiguration) -> dict[str, str]:
        """In the clear: `password` of an SMTP relay, an SMS provider's by the names of its fields."""
        settings = configuration.provider_settings or ProviderSettings()
        sealed = {name: (column(name), secret) for name, secret in settings.secrets.items()}
        if configuration.smtp is not None and configuration.smtp.password is not None:
            sealed[PASSWORD] = (SMTP_COLUMN, configuration.smtp.password)
        return {name: self._open(configuration, place, secret) for name, (place, secret) in sealed.items()}

    def _open(self, configuration: ChannelConfiguration, place: str, secret: Sealed) -> str:
        seat = {"sandbox": configuration.sandbox, "row": configuration.id, "column": place}
        return self._keys.open(secret.sealed, **seat).decode()


def column(name: str) -> str:
    """Where a provider's secret of this name is bound to."""
    return f"provider.{name}"
