"""What is measured. Each round starts with a service of its own on a new data directory."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench import bare, load, measure
from bench.databases import Databases
from bench.measure import Percentiles
from bench.product import HOST, Product, Space
from bench.sinks import Sink
from retour import certificates, limits
from retour.model import Value

WARM = 300  # messages before each measurement: handshakes, caches, the first pages of the file
SETTLE_SECONDS = 0.5  # for the commits that follow the last answer
WAIT_SECONDS = 300.0
FIXED_RATE = 100.0
SANDBOXES = 4  # that dispatch side by side: a sandbox has DISPATCH_SLOTS places, and a busy service has many sandboxes
BARE_POSTS, BARE_COMMITS, BARE_MAILS = 10_000, 200, 10_000


class Sizes(Value):
    """How much of everything, in one round."""

    chain: int = 5_000
    ingest: int = 10_000
    dispatch: int = 20_000
    seconds: int = 20
    memory: int = 20_000
    texts: int = 5_000
    texts_seconds: int = 12


class Floor(Value):
    """The bare loops, and what they leave of the sinks. CPU in seconds for each piece of work.

    post_cpu: by the number of POSTs at once.
    """

    post_cpu: dict[int, float]
    row_cpu: float
    commit_milliseconds: float
    receiver_cpu: float
    mail_sink_cpu: float


class Work(Value):
    """For each piece: CPU seconds of the service, and of the database where it has processes of its own. rate: pieces
    a second by the clock."""

    cpu_seconds: float
    database_seconds: float
    rate: float


class Posted(Value):
    """Dispatch, and CPU seconds of a bare POST just before and after it (their mean): a host's minutes differ."""

    work: Work
    bare_cpu: float


class Latency(Value):
    """At a fixed rate. told: from the relay's reply to the first try of the webhook."""

    told: Percentiles
    api: Percentiles
    work: Work


class Memory(Value):
    """Megabytes at rest, after N and after twice as many messages."""

    start: float
    once: float
    twice: float


class Scene:
    """A folder, an authority, the two sinks, and what keeps the rows. host: what webhook and relay are called."""

    def __init__(self, folder: Path, databases: Databases, host: str = HOST) -> None:
        self.folder = folder
        self._databases = databases
        self._host = host
        self.authority = certificates.ensure_ca(folder / "authority")
        self._leaf = self.authority.issue(certificates.LOOPBACK_NAMES, folder / "leaf")

    def receiver(self) -> Sink:
        """The HTTPS receiver."""
        return self.sink("https")

    def sink(self, kind: str) -> Sink:
        """One that speaks TLS."""
        return Sink(kind, *self._leaf)

    @contextmanager
    def product(self, *, resting: bool = False, sandboxes: int = 1) -> Iterator[Product]:
        """The service, new."""
        more: dict[str, Any] = {"host": self._host, "resting": resting, "sandboxes": sandboxes}
        with (
            TemporaryDirectory(dir=self.folder) as data,
            self._databases.new() as database,
            Product(Path(data) / "data", self.authority.path, database, **more) as product,
        ):
            yield product


class Meter:
    """Runs from when it is made. What follows the last answer is waited for, and no part of the clock's time."""

    def __init__(self, product: Product) -> None:
        self._product = product
        self._cpu, self._database = self._read()
        self._began = time.monotonic()
        self._wall = 0.0

    def lap(self) -> None:
        """The clock stops here."""
        self._wall = time.monotonic() - self._began

    def stop(self, number: int) -> Work:
        """What each of so many pieces took."""
        time.sleep(SETTLE_SECONDS)
        cpu, database = self._read()
        return Work(
            cpu_seconds=(cpu - self._cpu) / number,
            database_seconds=(database - self._database) / number,
            rate=number / self._wall,
        )

    def _read(self) -> tuple[float, float]:
        return measure.cpu_seconds(self._product.pid), self._product.database.cpu_seconds()


def floor(scene: Scene) -> Floor:
    """The bare loops against the same sinks on the same disk."""
    with scene.receiver() as receiver, Sink("smtp") as mail:
        before = measure.cpu_seconds(receiver.pid)
        posts = {
            at_once: _bare_post(scene, receiver, at_once)
            for at_once in (limits.DISPATCH_SLOTS, SANDBOXES * limits.DISPATCH_SLOTS)
        }
        receiver_cpu = (measure.cpu_seconds(receiver.pid) - before) / receiver.all()
        before = measure.cpu_seconds(mail.pid)
        bare.mail(mail.port, BARE_MAILS, limits.DISPATCH_SLOTS)
        mail_cpu = (measure.cpu_seconds(mail.pid) - before) / mail.all()
    with TemporaryDirectory(dir=scene.folder) as folder:
        commit = bare.commit(Path(folder), BARE_COMMITS)
    return Floor(
        post_cpu=posts,
        row_cpu=commit.cpu_seconds,
        commit_milliseconds=commit.wall_seconds * 1e3,
        receiver_cpu=receiver_cpu,
        mail_sink_cpu=mail_cpu,
    )


def chain(scene: Scene, number: int) -> Work:
    """From the call to the webhook's 200, over SMTP and TLS, for each message."""
    with scene.receiver() as receiver, Sink("smtp") as mail, scene.product() as product:
        (space,) = product.spaces
        campaign = space.relay(mail.port)
        space.webhook(receiver.port)
        _warm(space, campaign, receiver)
        meter = Meter(product)
        load.run(space.order(campaign, "m", number))
        receiver.wait(WARM + number, WAIT_SECONDS)
        meter.lap()
        return meter.stop(number)


def ingest(scene: Scene, number: int, kind: str) -> Work:
    """202 after the commit, with the rooms at rest, for each execution. kind: of the recipients, see load.Order."""
    with scene.product(resting=True) as product:
        (space,) = product.spaces
        campaign = space.simulated()
        load.run(space.order(campaign, "w", WARM, kind=kind))
        meter = Meter(product)
        load.run(space.order(campaign, "m", number, kind=kind))
        meter.lap()
        return meter.stop(number)


def dispatch(scene: Scene, number: int, sandboxes: int) -> Posted:
    """Deliveries that wait for paused webhooks, posted when these are resumed, for each POST."""
    each = number // sandboxes
    with (
        scene.receiver() as receiver,
        scene.receiver() as other,
        Sink("smtp") as mail,
        scene.product(sandboxes=sandboxes) as product,
    ):
        paused = []
        for place, space in enumerate(product.spaces):
            campaign, webhook = space.relay(mail.port), space.webhook(receiver.port)
            _warm(space, campaign, receiver, place)
            space.tell(webhook, "pause")
            load.run(space.order(campaign, f"m{place}-", each))
            paused.append((space, webhook))
        _until_waiting(product, each * sandboxes)
        bare_cpu = [_bare_post(scene, other, sandboxes * limits.DISPATCH_SLOTS)]
        meter = Meter(product)
        for space, webhook in paused:
            space.tell(webhook, "resume")
        receiver.wait((WARM + each) * sandboxes, WAIT_SECONDS)
        meter.lap()
        work = meter.stop(each * sandboxes)
        bare_cpu.append(_bare_post(scene, other, sandboxes * limits.DISPATCH_SLOTS))
        return Posted(work=work, bare_cpu=sum(bare_cpu) / len(bare_cpu))


def _bare_post(scene: Scene, receiver: Sink, at_once: int) -> float:
    return bare.post(receiver.port, scene.authority.path, BARE_POSTS, at_once).cpu_seconds


def latency(scene: Scene, seconds: int) -> Latency:
    """At FIXED_RATE executions a second."""
    number = round(seconds * FIXED_RATE)
    with scene.receiver() as receiver, Sink("smtp") as mail, scene.product() as product:
        (space,) = product.spaces
        campaign = space.relay(mail.port)
        space.webhook(receiver.port)
        _warm(space, campaign, receiver)
        meter = Meter(product)
        outcome = load.run(space.order(campaign, "m", number, rate=FIXED_RATE))
        receiver.wait(WARM + number, WAIT_SECONDS)
        meter.lap()
        work = meter.stop(number)
        replied, tried = mail.times(), receiver.times()
    waits = [tried[person] - at for person, at in replied.items() if person.startswith("m")]
    return Latency(told=measure.percentiles(waits), api=outcome.latency, work=work)


def memory(scene: Scene, number: int) -> Memory:
    """Of the service, over the whole chain."""
    with scene.receiver() as receiver, Sink("smtp") as mail, scene.product() as product:
        (space,) = product.spaces
        campaign = space.relay(mail.port)
        space.webhook(receiver.port)
        _warm(space, campaign, receiver)
        held = [measure.resident_megabytes(product.pid)]
        for count in (1, 2):
            load.run(space.order(campaign, f"m{count}-", number, seconds=3 * WAIT_SECONDS))
            receiver.wait(WARM + count * number, 3 * WAIT_SECONDS)
            time.sleep(SETTLE_SECONDS)
            held.append(measure.resident_megabytes(product.pid))
        return Memory(start=held[0], once=held[1], twice=held[2])


def _warm(space: Space, campaign: str, receiver: Sink, place: int = 0) -> None:
    """place: how many others were warmed before."""
    load.run(space.order(campaign, f"w{place}-", WARM))
    receiver.wait((place + 1) * WARM, WAIT_SECONDS)
    time.sleep(SETTLE_SECONDS)


def _until_waiting(product: Product, number: int) -> None:
    end = time.monotonic() + WAIT_SECONDS
    while product.waiting() < number:
        if time.monotonic() > end:
            raise TimeoutError(f"{number} deliveries should wait, and do not")
        time.sleep(0.2)
    time.sleep(SETTLE_SECONDS)
