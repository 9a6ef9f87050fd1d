"""What mail providers (ESPs) post of messages: whether it is genuine, and what becomes feedback of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

import msgspec
import structlog

from retour import limits
from retour.errors import Busy, Code, Forbidden, Invalid, TooLarge
from retour.espevents import PROVIDERS, EspEvent, Posted, Provider, sns
from retour.kept import Kept
from retour.marks import Place
from retour.model import ChannelConfiguration, Learned
from retour.outbound import Ask, Outbound
from retour.reports import Heard, Reports
from retour.sealing import Keys
from retour.stores.shelves import Shelves

log = structlog.get_logger()

SES = "ses"
NOT_GENUINE = "This does not come from the provider, or is too old. Check the channel configuration."

Fetch = Callable[[str, str, str], Awaitable[bytes | None]]
"""The whole body at a URL (for an organization and a sandbox); None when there is none."""


class Certificate(NamedTuple):
    """Of SNS, as it was fetched. at: microseconds."""

    pem: bytes
    at: int


class EspCallbacks:
    """Takes callbacks for channel configurations that name a provider of events."""

    def __init__(self, shelves: Shelves, reports: Reports, keys: Keys, fetch: Fetch) -> None:
        self._shelves = shelves
        self._reports = reports
        self._keys = keys
        self._fetch = fetch
        self._certificates: Kept[Certificate] = Kept(limits.CERTIFICATES_KEPT)

    async def take(
        self, configuration: ChannelConfiguration, headers: Mapping[str, str], raw: bytes, now: int
    ) -> None:
        """Done when all of it is committed. Raises Invalid, Forbidden, TooLarge; Busy: come again."""
        posted = _decoded(headers, raw)
        await self._prove(configuration, posted, now)
        told = _provider(configuration).read(posted.body)
        if len(told) > limits.CALLBACK_EVENTS:
            raise TooLarge(Code.BODY_TOO_LARGE, f"These are over {limits.CALLBACK_EVENTS:,} events.")
        heard = await self._tell(configuration, told, now)
        log.info("callback_taken", sandbox=configuration.sandbox, events=len(told), **heard)
        if heard[Heard.LATER]:
            raise Busy(begun=True)

    async def _prove(self, configuration: ChannelConfiguration, posted: Posted, now: int) -> None:
        """Raises Forbidden if it is not genuine, Busy if that can't be found out now."""
        good = _provider(configuration).genuine(posted, self._key(configuration), now)
        if good and _is_ses(configuration):
            good = await self._of_sns(configuration, posted, now)
        if not good:
            log.warning("callback_refused", sandbox=configuration.sandbox, configuration=configuration.id)
            raise Forbidden(Code.NOT_GENUINE, NOT_GENUINE)

    def _key(self, configuration: ChannelConfiguration) -> str:
        events = configuration.events
        if events is None or events.secret is None:
            return (events.key if events else None) or ""
        place = {"sandbox": configuration.sandbox, "row": configuration.id, "column": "events.key"}
        return self._keys.open(events.secret.sealed, **place).decode()

    # --- SNS ---

    async def _of_sns(self, configuration: ChannelConfiguration, posted: Posted, now: int) -> bool:
        """Whether SNS signed it; what asks for a confirmation is confirmed. Raises Busy."""
        url = sns.certificate_url(posted.body)
        if url is None:
            return False
        if not sns.is_signed_by(posted.body, await self._certificate(configuration, url, now), now):
            return False
        if posted.body["Type"] != sns.CONFIRMATION:
            return True
        confirming = sns.subscribe_url(posted.body)
        if confirming is None:
            return False
        await self._get(configuration, confirming)
        log.info("callback_subscribed", sandbox=configuration.sandbox, configuration=configuration.id)
        return True

    async def _certificate(self, configuration: ChannelConfiguration, url: str, now: int) -> bytes:
        kept = self._certificates.get(url)
        if kept is None or now - kept.at > limits.CERTIFICATE_AGE:
            kept = self._certificates.keep(url, Certificate(await self._get(configuration, url), now))
        return kept.pem

    async def _get(self, configuration: ChannelConfiguration, url: str) -> bytes:
        sandbox = await self._shelves.sandbox_by_id(configuration.sandbox)
        found = await self._fetch(url, sandbox.org, sandbox.id)
        if found is None:
            raise Busy(begun=False)
        return found

    # --- what is told ---

    async def _tell(
        self, configuration: ChannelConfiguration, told: list[EspEvent], now: int
    ) -> Counter[str]:
        """What came of how many events."""
        learned: list[tuple[Place, Learned]] = []
        heard: Counter[str] = Counter()
        for event in told:
            place = self._reports.marks.find(event.mark)
            if event.learned is None:
                heard["of_no_interest"] += 1
            elif place is None:
                heard[Heard.NOBODY] += 1
            elif place.sandbox != configuration.sandbox:
                heard["of_another_sandbox"] += 1
                log.warning("callback_of_another_sandbox", sandbox=configuration.sandbox)
            else:
                learned.append((place, event.learned))
        return heard + await self._reports.all_told(learned, now)


def by(outbound: Outbound) -> Fetch:
    """Fetches by the one way out: a vetted address, no redirects, no more than a certificate's size."""

    async def fetch(url: str, org: str, sandbox: str) -> bytes | None:
        seconds = limits.CALLBACK_FETCH_SECONDS
        ask = Ask(
            url=url, headers=(), body=b"", deadline_seconds=seconds, org=org, sandbox=sandbox, method="GET"
        )
        answer = await outbound.ask(ask)
        whole = answer.accepted and answer.ended and answer.read == len(answer.body)
        return answer.body if whole else None

    return fetch


def _provider(configuration: ChannelConfiguration) -> Provider:
    assert configuration.events is not None  # noqa: S101 - `find` gives no other
    return PROVIDERS[configuration.events.provider]


def _is_ses(configuration: ChannelConfiguration) -> bool:
    return configuration.events is not None and configuration.events.provider == SES


def _decoded(headers: Mapping[str, str], raw: bytes) -> Posted:
    """Whatever the type that it is sent with: SNS says that it is plain text. Raises Invalid."""
    try:
        return Posted(headers, raw, msgspec.json.decode(raw))
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Invalid(Code.MALFORMED_JSON, "The body is not valid JSON.") from error
