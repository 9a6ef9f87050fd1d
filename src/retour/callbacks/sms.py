"""What SMS providers post: delivery reports, and what people write back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import structlog

from retour import limits
from retour.catalog.opt_outs import OptOuts
from retour.errors import Code, Forbidden, TooLarge
from retour.model import ChannelConfiguration
from retour.reports import Heard, Reports
from retour.sealed import Secrets
from retour.smsproviders import PROVIDERS
from retour.smsproviders.shapes import Posted, Reply, Report, settings_of

log = structlog.get_logger()

NOT_GENUINE = "This does not come from the provider, or is too old. Check the channel configuration."


class SmsCallbacks:
    """Takes callbacks for channel configurations of SMS providers."""

    def __init__(self, reports: Reports, opt_outs: OptOuts, secrets: Secrets) -> None:
        self._reports = reports
        self._opt_outs = opt_outs
        self._secrets = secrets

    async def take(
        self, configuration: ChannelConfiguration, url: str, headers: Mapping[str, str], raw: bytes, now: int
    ) -> None:
        """Done when all of it is committed. url: the public one. Raises Forbidden, TooLarge; Busy: come again."""
        provider = PROVIDERS[configuration.provider]
        posted = Posted(url=url, headers=headers, raw=raw)
        settings = settings_of(configuration, self._secrets.opened(configuration))
        if not provider.genuine(posted, settings, now):
            log.warning("callback_refused", sandbox=configuration.sandbox, configuration=configuration.id)
            raise Forbidden(Code.NOT_GENUINE, NOT_GENUINE)
        told = provider.read(posted, settings)
        if len(told) > limits.CALLBACK_EVENTS:
            raise TooLarge(Code.BODY_TOO_LARGE, f"These are over {limits.CALLBACK_EVENTS:,} reports.")
        heard = Counter([await self._tell(configuration, one, now) for one in told])
        if set(heard) != {Heard.TOLD}:  # what was told stands with its message
            log.info("callback_taken", sandbox=configuration.sandbox, reports=len(told), **heard)

    async def _tell(self, configuration: ChannelConfiguration, told: Report | Reply, now: int) -> str:
        """What came of one. Raises Busy."""
        if isinstance(told, Reply):
            return await self._opt_outs.heard(
                configuration.sandbox, told.sender, told.text, configuration.name, now
            )
        if told.learned is None:
            return "of_no_interest"
        place = (configuration.sandbox, configuration.id)
        return await self._reports.heard_of(*place, told.mark, told.reference, told.learned, now)
