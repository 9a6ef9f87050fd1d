"""What providers post of messages: whose address it came to, and who reads it.

Each channel configuration has an address of its own, which nobody guesses (doorways.py). An answer of 200 means that
everything in the callback is committed; whoever is asked to come again may post what is known already, which changes
nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from retour import limits
from retour.callbacks.esp import EspCallbacks
from retour.callbacks.sms import SmsCallbacks
from retour.doorways import PATH, Doorways, poster
from retour.errors import Busy, Code, NotFound
from retour.model import ChannelConfiguration
from retour.stores.shelves import Shelves

__all__ = ["PATH", "Callbacks"]


class Callbacks:
    """Takes callbacks of mail and SMS providers."""

    def __init__(self, shelves: Shelves, doorways: Doorways, esp: EspCallbacks, sms: SmsCallbacks) -> None:
        self._shelves = shelves
        self._doorways = doorways
        self._esp = esp
        self._sms = sms
        self._turns = 0

    def address(self, configuration: ChannelConfiguration) -> str | None:
        """Where the provider has to post to; None where nobody posts."""
        return self._doorways.address(configuration)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """A place among those that are worked on. Raises Busy."""
        if self._turns >= limits.CALLBACKS_AT_ONCE:
            raise Busy(begun=False)
        self._turns += 1
        try:
            yield
        finally:
            self._turns -= 1

    async def find(self, provider: str, token: str) -> ChannelConfiguration:
        """Whose address this is. Raises NotFound."""
        place = self._doorways.named(token)
        found = await self._shelves.fresh_configuration(*place) if place else None
        if found is None or poster(found) != provider:
            raise NotFound(Code.NOT_FOUND, "There is nothing at this path.")
        return found

    async def take(
        self, configuration: ChannelConfiguration, path: str, headers: Mapping[str, str], raw: bytes, now: int
    ) -> None:
        """Done when all of it is committed. path: with its query, as it was asked for.

        Raises Invalid, Forbidden, TooLarge; Busy: come again.
        """
        if configuration.events is not None:
            await self._esp.take(configuration, headers, raw, now)
        else:
            await self._sms.take(configuration, self._doorways.public(path), headers, raw, now)
