"""`retour demo`: the whole product against real peers, judged by what the receiver itself wrote down.

The product runs as a process of its own and is known here by REST and sockets only. Beside it stand a real
SMTP server, the recipients' mail host, and a real HTTPS endpoint that verifies each event.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import tempfile
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec

from retour.client import UnreachableError
from retour.demo import verdict
from retour.demo.cases import CASES, DEV, PROD, SENDERS, Break, Repair, sender_of
from retour.demo.mailhost import MailHost
from retour.demo.product import Owed, Product
from retour.demo.receiver import Receiver
from retour.demo.report import Screen
from retour.demo.service import ServeProcess
from retour.demo.verdict import Outcome, Played
from retour.model import Value
from retour.receiving import Expected

DEADLINE_SECONDS = 60.0  # twice what a slow machine needs
LOOK_SECONDS = 0.3  # between two looks at the delivery log, if nothing arrives meanwhile
LOOPBACK = "127.0.0.0/8,[::1]/128"
ANOTHER_SECRET = "another-secret-than-the-webhook-signs-with"  # noqa: S105 - nobody's


class Options(Value, frozen=True):
    """receiver: where events go instead of our own endpoint. broken: what is damaged. keep: stay up.

    database: an empty PostgreSQL database to run on instead of a file.
    """

    receiver: str | None = None
    database: str | None = None
    broken: Break | None = None
    keep: bool = False


async def play(options: Options, screen: Screen) -> Outcome:
    """Start everything, send each case, wait for the outcomes, judge, stop everything.

    Raises ServeError when the product ends before its time, ApiError when it refuses a call.
    """
    began = time.monotonic()
    _cancel_on_sigterm()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="retour-demo-")))
        mailhost = await stack.enter_async_context(MailHost(broken=options.broken is Break.RELAY))
        receiver = await stack.enter_async_context(Receiver(folder, options.broken, screen.arrived))
        screen.say("Starting retour serve on a new data directory.")
        service = await stack.enter_async_context(ServeProcess(folder, _environment(options, receiver)))
        run = Run(options, screen, service, mailhost, receiver, began)
        outcome = await run.play()
        screen.end(outcome)
        if options.keep:
            pressed = _ctrl_c()  # before it is asked for
            screen.stay(service.made.admin_url)
            await pressed.wait()
    return outcome


class Run:
    """One run against a service that is up. began: by the monotonic clock."""

    def __init__(
        self,
        options: Options,
        screen: Screen,
        service: ServeProcess,
        mailhost: MailHost,
        receiver: Receiver,
        began: float,
    ) -> None:
        self._options = options
        self._screen = screen
        self._service = service
        self._mailhost = mailhost
        self._receiver = receiver
        self._product = Product(service.clients(), mailhost)
        self._played: list[Played] = []
        self._began = began

    async def play(self) -> Outcome:
        """The story."""
        try:
            await self._create_webhooks()
            await self._create_senders()
            await self._send()
            deliveries = await self._until_all_is_told()
            return await self._judge(deliveries)
        except UnreachableError:
            await self._service.explain()
            raise

    async def _create_webhooks(self) -> None:
        for sandbox in (PROD, DEV):
            url = self._options.receiver or self._receiver.url(sandbox)
            expected = await self._product.create_webhook(sandbox, url)
            self._receiver.expect(sandbox, self._damaged(expected))
            if self._options.receiver is not None:
                self._screen.say(_secrets(sandbox, expected))
        if self._options.broken is not None:
            self._screen.say(f"Damaged on purpose: {self._options.broken}.")
        self._screen.say(f"Feedback webhooks: HS256 in {PROD}, ES256 in {DEV}, both signed.")

    def _damaged(self, expected: Expected) -> Expected:
        """secret: the receiver verifies with another one than the webhook signs with."""
        if self._options.broken is not Break.SECRET or expected.token is None:
            return expected
        if expected.token.algorithm != "HS256":
            return expected
        return msgspec.structs.replace(
            expected, token=msgspec.structs.replace(expected.token, key=ANOTHER_SECRET)
        )

    async def _create_senders(self) -> None:
        for sender in SENDERS:
            await self._product.create_sender(sender)
        self._screen.say(f"{len(SENDERS)} channel configurations, each with a live campaign.")

    async def _send(self) -> None:
        self._screen.say(f"Sending {len(CASES)} messages. Outcomes as they arrive:")
        for case in CASES:
            played = Played(case=case, request_id=await self._product.send(case))
            self._played.append(played)
            self._screen.sent(played)

    async def _until_all_is_told(self) -> list[Owed]:
        """Wait until nothing more is owed; put right what is to be put right. Returns the delivery log."""
        end = time.monotonic() + DEADLINE_SECONDS
        repaired: set[str] = set()
        while True:
            self._service.check_alive()
            deliveries = await self._product.deliveries()
            if verdict.all_told(self._played, deliveries) or self._is_lost() or time.monotonic() > end:
                return deliveries
            await self._repair(deliveries, repaired)
            await self._receiver.news(LOOK_SECONDS)

    def _is_lost(self) -> bool:
        """Something came that does not verify: it would only be tried again and again."""
        return any(not entry.checked.verified for entry in self._receiver.log)

    async def _repair(self, deliveries: list[Owed], repaired: set[str]) -> None:
        for played in self._played:
            case = played.case
            if case.repair is None or case.name in repaired or not verdict.is_delayed(played, deliveries):
                continue
            repaired.add(case.name)
            if case.repair is Repair.OPEN_RELAY:
                await self._mailhost.open_relay()
                self._screen.say("The relay is back.")
            else:
                await self._product.correct_password(sender_of(case))
                self._screen.say("The password is corrected.")

    async def _judge(self, deliveries: list[Owed]) -> Outcome:
        """The receiver's log is read when the service has ended: then nothing can come any more."""
        if self._options.receiver is not None:
            known = await self._product.with_codes(deliveries)
            results = [verdict.judge_deliveries(played, known) for played in self._played]
        else:
            if not self._options.keep:
                await self._service.stop()
            results = [verdict.judge_log(one, self._receiver.log, deliveries) for one in self._played]
        return Outcome(
            results=tuple(results),
            stray=verdict.stray(self._played, self._receiver.log),
            seconds=time.monotonic() - self._began,
            by_receiver=self._options.receiver is None,
        )


def _cancel_on_sigterm() -> None:
    """SIGTERM ends the run like Ctrl-C does: everything that was started is stopped."""
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)


def _ctrl_c() -> asyncio.Event:
    """Set when it is pressed. While the demo only stays up, Ctrl-C is no accident and its verdict stands."""
    pressed = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, pressed.set)
    return pressed


def _secrets(sandbox: str, expected: Expected) -> str:
    """What another receiver needs in order to verify; good for this run only."""
    rule = expected.token
    shared = f" JWT secret {rule.key}," if rule is not None and rule.algorithm == "HS256" else ""
    return f"{sandbox}:{shared} signing secret {expected.signing_secret}"


def _environment(options: Options, receiver: Receiver) -> Mapping[str, str]:
    """What `serve` is told. Another receiver may need an authority or an allowance of its own."""
    allow, ca_file = LOOPBACK, str(receiver.ca_file)
    if options.receiver is not None:
        allow = os.environ.get("RETOUR_TARGET_ALLOW", LOOPBACK)
        ca_file = os.environ.get("RETOUR_CA_FILE", "")
    told = {"RETOUR_TARGET_ALLOW": allow, "RETOUR_CA_FILE": ca_file, "RETOUR_LOG_FORMAT": "text"}
    if options.database is None:
        return told
    return told | {"RETOUR_DATABASE": options.database, "RETOUR_SECRET_KEY": secrets.token_hex(32)}
