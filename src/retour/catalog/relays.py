"""Tries the way out of a channel configuration, without a message."""

from __future__ import annotations

from collections.abc import Callable

from retour.channels import Channel, Examinable, Examination, Examined
from retour.model import ChannelConfiguration, Sandbox
from retour.sealed import Secrets
from retour.sealing import Keys


class Relays:
    """Asks the channel of a configuration what its relay says."""

    def __init__(self, keys: Keys, channel_of: Callable[[str], Channel]) -> None:
        self._secrets = Secrets(keys)
        self._channel_of = channel_of

    def has_way(self, configuration: ChannelConfiguration) -> bool:
        """Whether there is something to try."""
        return isinstance(self._channel_of(configuration.provider), Examinable)

    async def examine(self, sandbox: Sandbox, configuration: ChannelConfiguration) -> Examined | None:
        """As it is saved, so that a stored password goes nowhere else; None where there is nothing to try."""
        channel = self._channel_of(configuration.provider)
        if not isinstance(channel, Examinable):
            return None
        secrets = self._secrets.opened(configuration)
        return await channel.examine(
            Examination(org=sandbox.org, configuration=configuration, secrets=secrets)
        )
