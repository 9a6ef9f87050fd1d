"""Text messages by SMPP 3.4, over one session for each channel configuration.

A session stays bound while nothing is sent, because receipts come hours later (`keep`). Each part of a message is one
submit, asked one after the other, so that it is known how far it came. An answer that never came is `uncertain`: an
SMS can't be taken back, and its repeat is not recognised as an e-mail's is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from functools import partial

import msgspec
import structlog

from retour.channels import Examination, Examined, OnReply, OnReport, Outgoing, Receipt, Standing
from retour.channels.dialling import Trust, Vet
from retour.channels.smpp_link import Link, SmscDialer, examine
from retour.channels.smpp_parts import Part, parts_of
from retour.channels.smpp_pdus import NACK, Pdu, string
from retour.channels.smpp_session import NotSent, Session, Unanswered
from retour.channels.sms_http import receipt_of
from retour.errors import Busy as StoreBusy
from retour.limits import SMPP_SECONDS
from retour.model import ChannelConfiguration, ChannelKind, ProviderFacts
from retour.smsproviders.shapes import Outcome, Report, Settings, Taken, Trouble, settings_of
from retour.smsproviders.smpp import PROVIDER, Delivered, answer, read
from retour.smsproviders.smpp_codes import LATER, OK

log = structlog.get_logger()

SESSIONS_TRIED = 3  # for one submit: each of them ended before it was sent
UNKNOWN_ERROR = 0xFF


class Try:
    """How far a message came: the parts that were taken, and whether an answer is waited for."""

    def __init__(self) -> None:
        self.taken: list[Taken] = []
        self.asked = False


class SmppChannel:
    """Sends through the SMSC of the message's channel configuration, and hears what it says.

    `vet` says which addresses may be dialled; `trust` gives what verifies a certificate and its name.
    """

    kinds: tuple[ChannelKind, ...] = (ChannelKind.SMS,)
    repeats = False  # a telephone shows both

    def __init__(self, vet: Vet, trust: Trust, *, budget_seconds: float = SMPP_SECONDS) -> None:
        self._vet = vet
        self._trust = trust
        self.budget_seconds = budget_seconds
        self._on_report: OnReport | None = None
        self._on_reply: OnReply | None = None
        self._links: dict[tuple[str, str], tuple[int, Link]] = {}
        self._retired: dict[tuple[str, str], asyncio.Task[None]] = {}

    async def send(self, outgoing: Outgoing, now: int) -> Receipt:
        """Hand one message to the SMSC, part by part, within 60 s."""
        if outgoing.content is None:
            return Receipt()
        parts = parts_of(outgoing)
        if isinstance(parts, Receipt):
            return parts
        progress = Try()
        try:
            async with asyncio.timeout(self.budget_seconds):
                return await self._carry(outgoing, parts, progress)
        except Unanswered:
            return _in_doubt(progress, "no answer to the submit")
        except TimeoutError:
            return _too_late(progress, self.budget_seconds)

    async def examine(self, examination: Examination) -> Examined:
        """The SMSC, on a session of its own unless one is bound."""
        configuration = examination.configuration
        settings = settings_of(configuration, examination.secrets)
        version, link = self._links.get((configuration.sandbox, configuration.id), (0, None))
        dialer = SmscDialer(settings, examination.org, self._vet, self._trust)
        hear = partial(self._hear, configuration, settings)
        return await examine(dialer, link if version == configuration.version else None, hear)

    def listen(self, on_report: OnReport, on_reply: OnReply) -> None:
        """From now on, tell them what comes in. Without anybody to tell, an SMSC is asked to come again."""
        self._on_report, self._on_reply = on_report, on_reply

    def keep(self, standing: Iterable[Standing]) -> None:
        """Keep sessions bound for these, and for no others."""
        wanted = set()
        for one in standing:
            wanted.add((one.configuration.sandbox, one.configuration.id))
            self._link(one)
        for key in self._links.keys() - wanted:
            self._retire(key)

    async def close(self) -> None:
        """Unbind everywhere."""
        for key in [*self._links]:
            self._retire(key)
        await asyncio.gather(*self._retired.values())

    # --- sending ---

    async def _carry(self, outgoing: Outgoing, parts: tuple[Part, ...], progress: Try) -> Receipt:
        """Each part in its turn, up to the first that is not taken."""
        for part in parts:
            outcome = await self._submit(outgoing, part, progress)
            if isinstance(outcome, str):
                return Receipt(trouble=outcome)
            if not isinstance(outcome, Taken):
                return receipt_of(outcome)
            progress.taken.append(outcome)
        return receipt_of(_sent(progress.taken, parts[0].encoding))

    async def _submit(self, outgoing: Outgoing, part: Part, progress: Try) -> Outcome | str:
        """What came of one submit, or the sentence why there was none. Raises Unanswered."""
        standing = Standing(org=outgoing.org, configuration=outgoing.configuration, secrets=outgoing.secrets)
        for _ in range(SESSIONS_TRIED):
            session = await self._link(standing).session()
            if isinstance(session, str):
                return session
            if session is not None:
                try:
                    return await self._ask(session, part, standing, progress)
                except NotSent:
                    log.info("smpp_session_gone_before_submit", configuration=outgoing.configuration.id)
        return "The SMSC ends each session before a message can be sent. Ask its operator why."

    async def _ask(self, session: Session, part: Part, standing: Standing, progress: Try) -> Outcome:
        async with session.window:
            await session.wake()
            progress.asked = True
            came = await session.submit(part.encoded)
            progress.asked = False
        outcome = answer(
            _status(came), string(came.body), settings_of(standing.configuration, standing.secrets)
        )
        if isinstance(outcome, Trouble):
            session.leave()  # what it has against us may be over in another one
        return outcome

    def _link(self, standing: Standing) -> Link:
        """The link of this version of the configuration, or of a newer one; an older version's is let go first."""
        configuration = standing.configuration
        key = (configuration.sandbox, configuration.id)
        version, link = self._links.get(key, (0, None))
        if link is not None and version >= configuration.version:
            return link
        if link is not None:
            self._retire(key)
        settings = settings_of(configuration, standing.secrets)
        dialer = SmscDialer(settings, standing.org, self._vet, self._trust)
        made = Link(dialer, partial(self._hear, configuration, settings), self._retired.get(key))
        self._links[key] = (configuration.version, made)
        return made

    def _retire(self, key: tuple[str, str]) -> None:
        _, link = self._links.pop(key)
        task = asyncio.get_running_loop().create_task(link.close())
        self._retired[key] = task
        task.add_done_callback(
            lambda done: self._retired.pop(key) if self._retired.get(key) is done else None
        )

    # --- hearing ---

    async def _hear(self, configuration: ChannelConfiguration, settings: Settings, came: Delivered) -> int:
        """With which status it is answered: only what is written down is taken, the rest has to come again."""
        try:
            await self._tell(configuration, settings, came)
        except StoreBusy:
            log.warning("smpp_hears_later", configuration=configuration.id)
            return LATER
        except Exception:
            log.exception("smpp_hearing_failed", configuration=configuration.id)
            return LATER
        return OK

    async def _tell(self, configuration: ChannelConfiguration, settings: Settings, came: Delivered) -> None:
        if self._on_report is None or self._on_reply is None:
            raise StoreBusy(begun=False)
        said, place = read(came, settings), (configuration.sandbox, configuration.id)
        if isinstance(said, Report):
            if said.learned is not None and said.reference:
                await self._on_report(*place, said.reference, said.learned)
        elif said is not None:
            await self._on_reply(*place, said.sender, said.to, said.text)


def _status(came: Pdu) -> int:
    """A generic_nack is no yes, whatever it says."""
    return came.status or (UNKNOWN_ERROR if came.command == NACK else OK)


def _sent(taken: list[Taken], encoding: str) -> Taken:
    """All parts were. The message is called as its last part is; each part's id names it in receipts."""
    facts = msgspec.structs.replace(taken[-1].facts, encoding=encoding, parts=len(taken))
    return Taken(facts=facts, references=_references(taken))


def _references(taken: list[Taken]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(named for each in taken for named in each.references))


def _in_doubt(progress: Try, why: str) -> Receipt:
    facts = ProviderFacts(name=PROVIDER, text=why)
    return Receipt(uncertain=True, provider=facts, references=_references(progress.taken))


def _too_late(progress: Try, seconds: float) -> Receipt:
    """In doubt while an answer was waited for; else the SMSC is too slow for what is asked of it."""
    if progress.asked:
        return _in_doubt(progress, f"no answer to the submit within {seconds:g} s")
    if progress.taken:
        return Receipt(throttled=0, provider=progress.taken[-1].facts)
    return Receipt(
        trouble="The SMSC is slow: no place in the window became free. Raise the window, or lower the rate."
    )
