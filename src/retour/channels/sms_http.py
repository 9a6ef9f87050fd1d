"""Text messages by providers that are spoken to by HTTP: dials what their files (smsproviders) say, and nothing else.

A submit goes out once: what may have arrived is never repeated here. Neither numbers nor texts are logged.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec

from retour import limits, segments
from retour.channels import Examination, Examined, Outgoing, Receipt
from retour.kept import Kept
from retour.model import ChannelKind, Fact, FeedbackStatus, Rendered, SmsSettings
from retour.outbound import Answer, Ask
from retour.outbound.addresses import Allowed
from retour.smsproviders import PROVIDERS, SmsProvider
from retour.smsproviders.shapes import (
    Busy,
    Got,
    Outcome,
    Refused,
    Request,
    Settings,
    Taken,
    Text,
    Trouble,
    number,
    settings_of,
    text,
)

Asking = Callable[[Ask], Awaitable[Answer]]


class Access(NamedTuple):
    """An access token, and until when it is used: seconds of the clock that nobody sets back."""

    token: str
    until: float


class Rejected(NamedTuple):
    """The provider refused an access token; a new one may do."""

    receipt: Receipt
    token: str


class Whose(NamedTuple):
    """For which channel configuration somebody is asked."""

    org: str
    sandbox: str
    configuration: str
    version: int


class HttpSmsChannel:
    """Every provider of smsproviders.PROVIDERS. asking: outbound's. also: addresses that relays may have."""

    kinds: tuple[ChannelKind, ...] = (ChannelKind.SMS,)
    repeats = False  # a telephone shows both

    def __init__(self, asking: Asking, also: tuple[Allowed, ...]) -> None:
        self._asking = asking
        self._also = also
        self._tokens: Kept[Access] = Kept(limits.ACCESS_TOKENS_KEPT)
        self._turns: Kept[asyncio.Lock] = Kept(limits.ACCESS_TOKENS_KEPT)

    async def send(self, outgoing: Outgoing, now: int) -> Receipt:
        """Submit one message, once; again only where an access token that was kept is refused."""
        if outgoing.content is None or outgoing.configuration.sms is None:
            return Receipt()
        tried = await self._try(outgoing, outgoing.configuration.sms, outgoing.content, now)
        if isinstance(tried, Rejected):
            tried = await self._try(outgoing, outgoing.configuration.sms, outgoing.content, now, tried.token)
        return tried.receipt if isinstance(tried, Rejected) else tried

    async def examine(self, examination: Examination) -> Examined:
        """Ask what the provider's file asks to find out whether it would take a message."""
        configuration = examination.configuration
        provider = PROVIDERS[configuration.provider]
        settings = settings_of(configuration, examination.secrets)
        whose = Whose(examination.org, configuration.sandbox, configuration.id, configuration.version)
        self._tokens.drop(whose)
        access = await self._access(whose, provider, settings, "")
        if isinstance(access, Receipt):
            return Examined(trouble=access.trouble)
        got_in = ("An access token was given.",) if access.token else ()
        request = provider.probe(settings, access.token)
        if request is None:
            return Examined(
                learned=(*got_in, f"{provider.NAME} has no call that tries the rest without a message.")
            )
        answer = await self._ask(whose, request, limits.SMS_EXAMINE_SECONDS)
        if answer.status_code is None:
            return Examined(trouble=answer.detail)
        taken = f"{urlsplit(request.url).hostname} knows the credentials."
        return Examined(trouble=provider.probed(_got(answer)), learned=(*got_in, taken))

    async def close(self) -> None:
        """The way out is closed by whoever made it."""

    async def _try(
        self, outgoing: Outgoing, sms: SmsSettings, content: Rendered, now: int, refused: str = ""
    ) -> Receipt | Rejected:
        """Once, with an access token where the provider wants one."""
        configuration = outgoing.configuration
        provider = PROVIDERS[configuration.provider]
        settings = settings_of(configuration, outgoing.secrets)
        whose = Whose(outgoing.org, configuration.sandbox, configuration.id, configuration.version)
        access = await self._access(whose, provider, settings, refused)
        if isinstance(access, Receipt):
            return access
        outcome = await self._submit(
            whose, provider, _text(outgoing, sms, content, now), settings, access.token
        )
        if isinstance(outcome, Receipt):
            return outcome
        receipt = receipt_of(outcome)
        return Rejected(receipt, access.token) if access.token and isinstance(outcome, Trouble) else receipt

    async def _submit(
        self, whose: Whose, provider: SmsProvider, message: Text, settings: Settings, token: str
    ) -> Outcome | Receipt:
        request = provider.submit(message, settings, token)
        if _is_here(message.callback) and not _is_here(request.url):
            # nobody out there can reach this machine; a provider may refuse a message because of that
            request = provider.submit(msgspec.structs.replace(message, callback=""), settings, token)
        answer = await self._ask(whose, request, limits.SMS_SECONDS)
        if answer.status_code is not None:
            return provider.answer(_got(answer), message, settings)
        if answer.begun:
            return Receipt(uncertain=True)
        return Receipt(trouble=answer.detail)

    async def _access(
        self, whose: Whose, provider: SmsProvider, settings: Settings, refused: str
    ) -> Access | Receipt:
        """An access token, kept while it is good and not the one that was refused; "" where none is needed.

        One at a time asks for it: what many messages wait for is got once.
        """
        asking = provider.token(settings)
        if asking is None:
            return Access("", 0)
        async with self._turns.get(whose) or self._turns.keep(whose, asyncio.Lock()):
            kept = self._tokens.get(whose)
            if kept is not None and kept.until > time.monotonic() and kept.token != refused:
                return kept
            made = _token_of(await self._ask(whose, asking, limits.ACCESS_TOKEN_ASK_SECONDS))
            return made if isinstance(made, Receipt) else self._tokens.keep(whose, made)

    async def _ask(self, whose: Whose, request: Request, seconds: float) -> Answer:
        return await self._asking(
            Ask(
                url=request.url,
                headers=request.headers,
                body=request.body,
                deadline_seconds=seconds,
                org=whose.org,
                sandbox=whose.sandbox,
                method=request.method,
                also=self._also,
                once=True,
            )
        )


def receipt_of(outcome: Outcome) -> Receipt:
    """What a provider's answer is to the room."""
    if isinstance(outcome, Taken):
        sent = Fact(status=FeedbackStatus.SENT, key=FeedbackStatus.SENT, provider=outcome.facts)
        return Receipt(facts=(sent,), provider=outcome.facts, references=outcome.references)
    if isinstance(outcome, Refused):
        return Receipt(facts=(outcome.learned.fact,), provider=outcome.learned.provider)
    if isinstance(outcome, Busy):
        return Receipt(throttled=outcome.seconds or 0, provider=outcome.facts)
    if isinstance(outcome, Trouble):
        return Receipt(trouble=outcome.sentence, provider=outcome.facts)
    return Receipt(uncertain=True, provider=outcome.facts)


def _text(outgoing: Outgoing, sms: SmsSettings, content: Rendered, now: int) -> Text:
    counted = segments.count(content.text or "")
    return Text(
        mark=outgoing.mark,
        to=outgoing.address,
        sender=sms.sender_number,
        text=content.text or "",
        encoding=counted.encoding,
        parts=counted.parts,
        callback=outgoing.callback,
        minutes=max(1, round(sms.retry_period_minutes)),
        now=now,
    )


def _got(answer: Answer) -> Got:
    headers = {name.lower(): value for name, value in answer.headers}
    return Got(status=answer.status_code or 0, headers=headers, body=answer.body)


def _token_of(answer: Answer) -> Access | Receipt:
    """RFC 6749, 5.1: `access_token`, and `expires_in` in seconds, of which the last fifth is not used."""
    body = _got(answer).json()
    token = text(body, "access_token")
    if answer.status_code is None:
        return Receipt(trouble=answer.detail)
    if answer.status_code != 200 or not token:
        return Receipt(
            trouble=f"The token URL gave no access token (HTTP {answer.status_code}). Check the credentials."
        )
    seconds = number(body, "expires_in") or limits.ACCESS_TOKEN_SECONDS
    return Access(token, time.monotonic() + seconds * limits.TOKEN_REUSE)


def _is_here(url: str) -> bool:
    """Whether an address names this machine and no other."""
    host = urlsplit(url).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")
