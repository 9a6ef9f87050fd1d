"""The only way out by HTTP: webhooks, token endpoints, providers, alerts, and the test of an endpoint.

Every name is resolved and vetted by us and pinned; the address is checked again when it is dialled and
before each request; one deadline holds for everything; answers are read up to a limit. Trouble is a value,
never an exception. Who needs another trust class (the operator's own) makes another Outbound.
"""

from __future__ import annotations

import asyncio
import re
import time
from functools import cache, lru_cache, partial
from http import HTTPStatus
from pathlib import Path

from msgspec.structs import replace

from retour import limits
from retour.model import Timings, Value
from retour.outbound.addresses import Allowed, Problem, Target, Trouble, parse_target, permit, unlisted
from retour.outbound.authorities import Authorities
from retour.outbound.curl import Call, Headers, Heard, Line, harden_environment, header_lines, kept_back
from retour.outbound.names import DnsResolver, Resolver, Turns, Vetted, mail_hosts, vet, vetted
from retour.outbound.transfers import Transfers
from retour.outbound.troubles import certificate_expired, trouble_of

__all__ = ["Answer", "Ask", "Outbound", "Trouble", "harden_environment", "vet"]

METHODS = ("POST", "GET", "PUT", "PATCH", "DELETE")
LINES_KEPT = 64  # idle easy handles; a burst makes more and drops them afterwards
LOCATION_CHARACTERS = 200
Addresses = tuple[str, ...]
_PHRASES = {status.value: status.phrase for status in HTTPStatus}

# RFC 9110, 5.6.2 and 5.5, without its bytes beyond ASCII: nobody agrees on what they mean.
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7E]*")
# Headers that say where a message ends or who it is for; libcurl alone writes them.
_OURS = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade"}
    | {"expect", "http2-settings"}
)


class Ask(Value):
    """A request.

    headers, own: sent one after the other; `own` are of this request alone, the others may be those of many more.
    deadline_seconds covers everything, from the look-up of the name to the last byte of the answer. org,
    sandbox: for whom, as the allow-list and the limit of look-ups want to know. also: entries on top of the
    allow-list for this request alone (loopback, in a development sandbox). once: never repeated by libcurl either,
    which otherwise sends a request again when a kept connection dies unanswered.
    """

    url: str
    headers: Headers
    body: bytes
    deadline_seconds: float
    org: str
    sandbox: str
    own: Headers = ()
    method: str = "POST"
    also: tuple[Allowed, ...] = ()
    once: bool = False


class Answer(Value):
    """What came of a request: a status, or a trouble; `detail` says it in a sentence that can be shown.

    body: the first 16 KiB as received, never decompressed. read: bytes of it that arrived. ended: it ended
    by itself. cut: it passed 64 KiB and the connection was closed. reused: on a kept connection. repeated:
    that connection was dead and libcurl sent the request again on a new one. certificate_expires_at:
    microseconds, on full handshakes (a resumed TLS session does not show the certificate again). begun: the request
    began to go out, so that whoever was asked may have it, answer or no answer.
    """

    status_code: int | None
    trouble: Trouble | None
    detail: str
    timings: Timings
    headers: Headers = ()
    body: bytes = b""
    read: int = 0
    ended: bool = False
    cut: bool = False
    address: str | None = None
    reused: bool = False
    certificate_expires_at: int | None = None
    repeated: bool = False
    begun: bool = False

    @property
    def accepted(self) -> bool:
        """A 2xx whose body ended in time, or that was cut because it went on."""
        good = self.status_code is not None and 200 <= self.status_code < 300
        return good and self.trouble is None and (self.ended or self.cut)


class Outbound:
    """libcurl on the running event loop: what hangs costs no thread. Close it on the loop that used it."""

    def __init__(
        self,
        *,
        allowed: tuple[Allowed, ...],
        ca_files: tuple[Path, ...] = (),
        resolver: Resolver | None = None,
        user_agent: str,
    ) -> None:
        harden_environment()
        self._allowed = allowed
        self._resolver = resolver or DnsResolver()
        self._turns = Turns()
        self._authorities = Authorities(ca_files)
        self._user_agent = user_agent
        self._idle: list[Line] = []
        self._transfers = Transfers()

    async def ask(self, ask: Ask) -> Answer:
        """Send a request and tell what came of it, at the latest at its deadline."""
        started = time.monotonic()
        allowed = self._allowed + ask.also
        target, lines = _taken_apart(ask, allowed)
        if isinstance(target, Problem):
            return _unasked(target, started)
        found = self._known(target, ask.org, allowed) or await self._looked_up(target, ask, allowed)
        if isinstance(found, Problem):
            return _unasked(found, started)
        call = _call(ask, target, lines, found, allowed, _microseconds(started))
        heard, problem = await self._perform(call, ask.deadline_seconds)
        if problem is not None and certificate_expired(heard):
            problem = await self._dated(problem, call, started, ask.deadline_seconds)
        return _answer(heard, problem)

    async def check(self, url: str, org: str, also: tuple[Allowed, ...] = ()) -> str | None:
        """What a form should say about this URL, or None; a name that can't be found now is no problem."""
        allowed = self._allowed + also
        target = parse_target(url, org, allowed)
        if isinstance(target, Problem):
            return target.sentence
        vetted = await self._vet(target, org, allowed, f"check {org}")
        if not isinstance(vetted, Problem):
            return None
        if vetted.trouble == Trouble.ADDRESS_FORBIDDEN:
            return vetted.sentence
        # What needs an entry in the allow-list must show that it has one, so its name has to be found now.
        return unlisted(target) if target.listed_only else None

    async def mail_hosts(self, domain: str, org: str) -> tuple[str, ...] | Problem:
        """The hosts that take mail for a domain, the first one first; none where it says that it takes none."""
        async with self._turns.of(f"check {org}"):
            return await mail_hosts(domain, self._resolver)

    async def close(self) -> None:
        """Close every connection. What is being asked is cancelled, so stop asking first."""
        self._transfers.close()
        for line in self._idle:
            line.close()
        self._idle.clear()
        await self._resolver.close()
        self._authorities.close()

    def _known(self, target: Target, org: str, allowed: tuple[Allowed, ...]) -> Addresses | Problem | None:
        """The addresses to dial, without asking anybody; None if somebody has to be asked."""
        if target.address is not None:  # parse_target has looked at it
            return (target.address,)
        kept = self._resolver.kept(target.host)
        if kept is None:
            return None
        return _dialled(vetted(target.host, target.port, org, allowed, kept, listed_only=target.listed_only))

    async def _looked_up(self, target: Target, ask: Ask, allowed: tuple[Allowed, ...]) -> Addresses | Problem:
        try:
            async with asyncio.timeout(ask.deadline_seconds):
                return _dialled(await self._vet(target, ask.org, allowed, ask.sandbox))
        except TimeoutError:
            sentence = f"{target.host} could not be looked up within {ask.deadline_seconds:g} s."
            return Problem(trouble=Trouble.NAME_LOOKUP_FAILED, sentence=sentence)

    async def _vet(
        self, target: Target, org: str, allowed: tuple[Allowed, ...], turn: str
    ) -> Vetted | Problem:
        ask_for = partial(vet, target.host, target.port, org, allowed, self._resolver)
        if target.address is not None:
            return await ask_for(listed_only=target.listed_only)
        async with self._turns.of(turn):
            return await ask_for(listed_only=target.listed_only)

    async def _perform(self, call: Call, deadline: float) -> tuple[Heard, Problem | None]:
        """One call on a line of its own. The line of a call that was cancelled is not used again."""
        line = self._idle.pop() if self._idle and not call.look else self._new_line()
        reusable = False
        try:
            line.dial(call)
            code, message = await self._transfers.perform(line.curl)
            heard = line.heard(code)
            reusable = not call.look and len(self._idle) < LINES_KEPT
        finally:
            self._put_back(line, reusable)
        return heard, trouble_of(code, message, heard, call, deadline)

    def _put_back(self, line: Line, reusable: bool) -> None:
        if reusable:
            self._idle.append(line)
        else:
            line.close()

    def _new_line(self) -> Line:
        return Line(self._authorities.path, self._user_agent, self._transfers.opened)

    async def _dated(self, problem: Problem, call: Call, started: float, deadline: float) -> Problem:
        """Say when the certificate expired.

        The handshake that failed does not show it, so shake hands once more, unverified and without sending
        anything: no request ever goes out on that connection.
        """
        left = min(deadline - (time.monotonic() - started), limits.CONNECT_SECONDS)
        look = replace(call, method="GET", lines=[], body=b"", seconds=left, look=True)
        heard, _ = await self._perform(look, left)
        expired_at = heard.certificate_expires_at
        if expired_at is None or expired_at > time.time() * limits.SECOND:
            return problem
        day = time.strftime("%d %b %Y", time.gmtime(expired_at // limits.SECOND)).lstrip("0")
        return replace(problem, sentence=f"The certificate of {call.target.host} expired on {day}.")


def _taken_apart(ask: Ask, allowed: tuple[Allowed, ...]) -> tuple[Target | Problem, list[str]]:
    """Where a request goes and with which headers, or why it can't. Everything that is refused before a look-up."""
    if ask.method not in METHODS:
        raise ValueError(f"{ask.method!r} is not one of {METHODS}")
    lines = _lines(ask.headers, ask.own)
    if isinstance(lines, Problem):
        return lines, []
    return parse_target(ask.url, ask.org, allowed), lines


def _call(
    ask: Ask,
    target: Target,
    lines: list[str],
    addresses: Addresses,
    allowed: tuple[Allowed, ...],
    before: int,
) -> Call:
    """before: microseconds since it was asked for."""
    return Call(
        target=target,
        addresses=addresses,
        method=ask.method,
        lines=lines,
        body=ask.body,
        seconds=ask.deadline_seconds - before / limits.SECOND,
        permit=permit(ask.org, allowed, target.listed_only),
        before=before,
        name=None if target.address else before,
        once=ask.once,
    )


def _dialled(found: Vetted | Problem) -> Addresses | Problem:
    return found if isinstance(found, Problem) else found.addresses


def _lines(headers: Headers, own: Headers) -> list[str] | Problem:
    """The headers as libcurl takes them, or what is wrong with the first that can't be sent."""
    shared, more = _looked_at(headers), _look_at(own)
    if isinstance(shared, Problem):
        return shared
    if isinstance(more, Problem):
        return more
    return [*shared.lines, *more.lines, *kept_back(shared.names + more.names)]


class _Checked(Value):
    """Headers that may be sent."""

    names: tuple[str, ...]
    lines: list[str]


def _look_at(headers: Headers) -> _Checked | Problem:
    names, lines = tuple([name for name, _ in headers]), header_lines(headers)
    if _may_all_be_sent(names) and _plain("".join(lines)):
        return _Checked(names=names, lines=lines)
    return next(problem for header in headers if (problem := _bad(*header)))


_looked_at = lru_cache(maxsize=1024)(_look_at)  # the same with each request of a webhook


def _plain(text: str) -> bool:
    """Whether it may stand in a header's value; what has no tab either is seen at a glance."""
    return (text.isascii() and text.isprintable()) or _VALUE.fullmatch(text) is not None


def _bad(name: str, value: str) -> Problem | None:
    if not _may_be_sent(name):
        sentence = f"The header {name!r} can't be sent: its name is not valid or is reserved."
    elif not _plain(value):
        sentence = f"The header {name} can't be sent: its value holds a character that is not allowed."
    else:
        return None
    return Problem(trouble=Trouble.INVALID_HEADER, sentence=sentence)


@lru_cache(maxsize=1024)
def _may_all_be_sent(names: tuple[str, ...]) -> bool:
    return all(_may_be_sent(name) for name in names)


def _may_be_sent(name: str) -> bool:
    lower = name.lower()
    return bool(_NAME.fullmatch(name)) and lower not in _OURS and not lower.startswith("proxy-")


def _unasked(problem: Problem, started: float) -> Answer:
    spent = _microseconds(started)
    name = spent if problem.trouble in (Trouble.NAME_NOT_FOUND, Trouble.NAME_LOOKUP_FAILED) else None
    return Answer(
        status_code=None,
        trouble=problem.trouble,
        detail=problem.sentence,
        timings=Timings(name=name, total=spent),
    )


def _answer(heard: Heard, problem: Problem | None) -> Answer:
    return Answer(
        status_code=heard.status_code,
        trouble=problem.trouble if problem else None,
        detail=problem.sentence if problem else _told(heard),
        headers=heard.headers,
        body=heard.body,
        read=heard.read,
        ended=problem is None and not heard.cut,
        cut=problem is None and heard.cut,
        timings=heard.timings,
        address=None if heard.refused else heard.address,
        reused=heard.reused,
        certificate_expires_at=heard.certificate_expires_at,
        repeated=heard.repeated,
        begun=heard.begun,
    )


def _told(heard: Heard) -> str:
    """What the endpoint said, in our words: its own reason phrase is not to be trusted with a page."""
    status = heard.status_code or 0
    told = _answered(status)
    if 300 <= status < 400:
        location = next((value for name, value in heard.headers if name.lower() == "location"), "")
        if location:
            told += f" It points to {location[:LOCATION_CHARACTERS]}; redirects are not followed."
    return told + (" Its body was cut at 64 KiB." if heard.cut else "")


@cache
def _answered(status: int) -> str:
    return f"The endpoint answered {status} {_PHRASES.get(status, '')}".rstrip() + "."


def _microseconds(since: float) -> int:
    return round((time.monotonic() - since) * limits.SECOND)
