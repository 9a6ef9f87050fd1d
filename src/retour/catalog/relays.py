"""Tries the way out of a channel configuration, without a message."""

from __future__ import annotations

from collections.abc import Callable

from retour.channels import Channel, Examinable, Examined
from retour.model import ChannelConfiguration, Sandbox
from retour.sealing import Keys


class Relays:
    """Asks the channel of a configuration what its relay says."""

    def __init__(self, keys: Keys, channel_of: Callable[[str], Channel]) -> None:
        self._keys = keys
        self._channel_of = channel_of

    def has_way(self, configuration: ChannelConfiguration) -> bool:
        """Whether there is something to try."""
        return isinstance(self._channel_of(configuration.provider), Examinable)

    async def examine(self, sandbox: Sandbox, configuration: ChannelConfiguration) -> Examined | None:
        """As it is saved, so that a stored password goes nowhere else; None where there is nothing to try."""
        channel = self._channel_of(configuration.provider)
        if not isinstance(channel, Examinable):
            return None
        return await channel.examine(sandbox.org, configuration, self._password(configuration))

    def _password(self, configuration: ChannelConfiguration) -> str | None:
        smtp = configuration.smtp
        if smtp is None or smtp.password is None:
            return None
        place = {"sandbox": configuration.sandbox, "row": configuration.id, "column": "smtp.password"}
        return self._keys.open(smtp.password.sealed, **place).decode()
