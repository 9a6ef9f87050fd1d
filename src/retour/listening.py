"""`retour listen`: an HTTPS endpoint on this machine that shows each feedback event as it comes, verified.

It writes `<data>/listen.json`, which `retour webhook --from-listen` registers and completes with the signing
secret that only the service knows before.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.style import Style
from rich.text import Text

from retour import certificates, ids, limits, receiving
from retour.errors import ConfigError
from retour.model import Value
from retour.receiver import JwtRule
from retour.receiving import Answer, Checked, Expected, Incoming, Tally

FILE = "listen.json"
HOST = "127.0.0.1"
PATH = "/feedback"
SECRET_BYTES = 32  # HS256: at least as long as the hash (RFC 7518, 3.2)
ISSUER = "retour"
AUDIENCE = "retour-listen"
REGISTER = "retour webhook --from-listen"

# What the admin pages call these statuses (ui.md), and the colour of their badge.
BADGES = {
    "sent": ("Sent", "cyan"),
    "delivered": ("Delivered", "green"),
    "bounce": ("Bounce", "red"),
    "error": ("Error", "red"),
    "delay": ("Delayed", "yellow"),
    "exclude": ("Excluded", "yellow"),
    "denylist": ("Denylisted", "yellow"),
    "duplicate": ("Duplicate", "yellow"),
}


class ListenHeader(Value, frozen=True):
    """The custom header that our endpoint asks for."""

    name: str
    value: str


class ListenFile(Value, frozen=True, rename="camel"):
    """`<data>/listen.json` (0600): what a webhook needs to reach this endpoint, and what it must prove.

    webhook_id and signing_secret are None until it is registered.
    """

    url: str
    secret: str
    claims: dict[str, Any]
    header: ListenHeader
    algorithm: str = "HS256"
    webhook_id: str | None = None
    signing_secret: str | None = None

    def expected(self) -> Expected:
        """What to verify; the signature only once its secret is known."""
        rule = JwtRule(algorithm=self.algorithm, key=self.secret, claims=self.claims)
        headers = ((self.header.name, self.header.value),)
        return Expected(signing_secret=self.signing_secret, token=rule, headers=headers)


def read_listen(data_dir: Path) -> ListenFile | None:
    """What the last `retour listen` of this data directory wrote; None if there was none."""
    try:
        return msgspec.json.decode((data_dir / FILE).read_bytes(), type=ListenFile)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def write_listen(data_dir: Path, file: ListenFile) -> None:
    """Replace `listen.json`, whole or not at all, readable by its owner only."""
    certificates.write_private(data_dir / FILE, msgspec.json.format(msgspec.json.encode(file)) + b"\n")


def bind(port: int) -> socket.socket:
    """A socket of this machine's own at this port (0: any free one). Raises ConfigError."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((HOST, port))
        sock.listen()  # two may bind with SO_REUSEADDR, only one may listen
    except OSError as error:
        sock.close()
        another = f"retour listen --port {port + 1}"
        raise ConfigError(
            f"Port {port} can't be opened ({error.strerror}). Try another: {another}"
        ) from error
    return sock


def prepare(data_dir: Path, port: int, org: str) -> ListenFile:
    """Write `listen.json` for this port and organization.

    At the same address the secrets stay what they were, so that a webhook registered before goes on working.
    """
    url = f"https://{HOST}:{port}{PATH}"
    before = read_listen(data_dir)
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": org}
    if before is not None and (before.url, before.claims) == (url, claims):
        return before
    header = ListenHeader(name="X-Listen-Key", value=ids.new_secret(12))
    file = ListenFile(url=url, secret=ids.new_secret(SECRET_BYTES), claims=claims, header=header)
    write_listen(data_dir, file)
    return file


async def listen(data_dir: Path, sock: socket.socket, screen: Screen, greet: Callable[[], None]) -> None:
    """Take and show events until Ctrl-C or SIGTERM. `greet`: called once events can come."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with _endpoint(data_dir, sock, Listener(data_dir, screen)):
        greet()
        await stop.wait()
    screen.end()


def _endpoint(data_dir: Path, sock: socket.socket, listener: Listener) -> receiving.Endpoint:
    """The files of the leaf are read at once and not needed any more."""
    ca = certificates.ensure_ca(data_dir / certificates.FOLDER)
    with tempfile.TemporaryDirectory(prefix="retour-listen-") as folder:
        leaf = ca.issue(certificates.LOOPBACK_NAMES, Path(folder))
        return receiving.Endpoint(listener.take, leaf, sock)


class Listener:
    """Verifies each request against `listen.json` as it now is."""

    def __init__(self, data_dir: Path, screen: Screen) -> None:
        self._data_dir = data_dir
        self._screen = screen
        self._tally = Tally()

    def take(self, incoming: Incoming) -> Answer:
        """One request: verify, count, show, answer."""
        if incoming.path != PATH:
            return Answer(status=404, text=f"Events go to {PATH}.")
        now = ids.now()
        file = read_listen(self._data_dir)
        if file is None:
            return Answer(status=503, text=f"{FILE} is gone; start retour listen again.")
        checked = receiving.check(file.expected(), incoming.headers, incoming.body, now)
        self._screen.show(checked, self._tally.before(checked), now, signed=file.signing_secret is not None)
        return receiving.answer_to(checked)


class Shown(Value, frozen=True, rename="camel"):
    """One line of `retour listen --json`. duplicate: how often the same event came before."""

    time: str
    status: str
    channel: str
    recipient: str
    request_id: str
    webhook_id: str
    verified: bool
    failed: str | None
    sentence: str
    duplicate: int
    failure_code: str | None
    failure_reason: str | None


class Screen:
    """What a person sees: colours on a terminal, plain lines elsewhere; or JSON, one object a line."""

    def __init__(self, console: Console, as_json: bool) -> None:
        self._console = console
        self._as_json = as_json
        self._events = self._verified = self._duplicates = 0

    def begin(self, file: ListenFile, prefix: str) -> None:
        """The address, the secret, and the one command that registers both. `prefix`: stands before it."""
        if self._as_json:
            self._line(msgspec.json.encode(file).decode())
            return
        self._line(f"Listening on {file.url}")
        self._line(f"JWT secret   {file.secret}  ({file.algorithm}, claims {_claims(file)})")
        self._line(f"Register it  {prefix}{REGISTER}")
        self._line("Each event is shown below. Stop with Ctrl-C.")

    def show(self, checked: Checked, before: int, now: int, *, signed: bool) -> None:
        """One event. `before`: how often it came before. `signed`: the signature was verified too."""
        self._events += 1
        self._verified += checked.verified
        self._duplicates += before > 0
        if self._as_json:
            self._line(msgspec.json.encode(_shown(checked, before, now)).decode())
            return
        self._text(_event_line(checked, before, now, signed))
        if not checked.verified:
            self._text(Text(f"          {checked.sentence}", Style(color="red")))

    def end(self) -> None:
        """How many there were."""
        if not self._as_json:
            events = "1 event" if self._events == 1 else f"{self._events} events"
            self._line(f"\n{events}, {self._verified} verified, {self._duplicates} seen before.")

    def _line(self, line: str) -> None:
        self._text(Text(line))

    def _text(self, text: Text) -> None:
        self._console.print(text, soft_wrap=True)
        self._console.file.flush()


def _claims(file: ListenFile) -> str:
    return msgspec.json.encode(file.claims).decode()


def _event_line(checked: Checked, before: int, now: int, signed: bool) -> Text:
    feedback = checked.feedback
    word, colour = BADGES.get(feedback.status, (_plain(feedback.status) or "?", "white"))
    line = Text(f"{datetime.fromtimestamp(now / limits.SECOND, UTC).astimezone():%H:%M:%S}  ")
    line.append(f"{word:<10}", f"bold {colour}")
    line.append(f"  {_plain(feedback.recipient) or '-'}  requestId {_plain(feedback.request_id) or '-'}")
    if feedback.failure_code is not None:
        line.append(f"  code {_plain(feedback.failure_code)} {_plain(feedback.failure_reason)}", "red")
    line.append(*_verdict(checked, signed))
    if before:
        line.append(f"  duplicate, seen {before} before", "yellow")
    return line


def _verdict(checked: Checked, signed: bool) -> tuple[str, str]:
    if not checked.verified:
        return f"  not verified: {checked.failed}", "bold red"
    return ("  verified" if signed else "  verified (JWT only)"), "green"


def _plain(text: str | None) -> str:
    """What strangers may print on our terminal: no control characters."""
    return "".join(character for character in text or "" if character.isprintable())


def _shown(checked: Checked, before: int, now: int) -> Shown:
    return Shown(
        time=ids.iso(now),
        status=checked.feedback.status,
        channel=checked.feedback.channel,
        recipient=checked.feedback.recipient,
        request_id=checked.feedback.request_id,
        webhook_id=checked.webhook_id,
        verified=checked.verified,
        failed=checked.failed,
        sentence=checked.sentence,
        duplicate=before,
        failure_code=checked.feedback.failure_code,
        failure_reason=checked.feedback.failure_reason,
    )
