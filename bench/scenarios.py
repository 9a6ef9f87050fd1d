"""What is measured. Each round starts with a service of its own on a new data directory."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import bare, load, measure
from bench.measure import Percentiles
from bench.product import HOST, Product
from bench.sinks import Sink
from retour import certificates, limits
from retour.model import Value

WARM = 300  # messages before each measurement: handshakes, caches, the first pages of the file
SETTLE_SECONDS = 0.5  # for the commits that follow the last answer
WAIT_SECONDS = 300.0
FIXED_RATE = 100.0
BARE_POSTS, BARE_COMMITS, BARE_MAILS = 10_000, 200, 10_000


class Sizes(Value):
    """How much of everything, in one round."""

    chain: int = 5_000
    ingest: int = 10_000
    dispatch: int = 5_000
    seconds: int = 20
    memory: int = 20_000


class Floor(Value):
    """The bare loops, and what they leave of the sinks. CPU in seconds for each piece of work."""

    post_cpu: float
    row_cpu: float
    commit_milliseconds: float
    receiver_cpu: float
    mail_sink_cpu: float


class Latency(Value):
    """At a fixed rate. told: from the relay's reply to the first try of the webhook."""

    told: Percentiles
    api: Percentiles


class Memory(Value):
    """Megabytes at rest, after N and after twice as many messages."""

    start: float
    once: float
    twice: float


class Scene:
    """A folder, an authority, and the two sinks. host: what webhook and relay are called."""

    def __init__(self, folder: Path, host: str = HOST) -> None:
        self.folder = folder
        self._host = host
        self.authority = certificates.ensure_ca(folder / "authority")
        self._leaf = self.authority.issue(certificates.LOOPBACK_NAMES, folder / "leaf")

    @contextmanager
    def receiver(self) -> Iterator[Sink]:
        """The HTTPS receiver."""
        with Sink("https", *self._leaf) as sink:
            yield sink

    @contextmanager
    def product(self, *, resting: bool = False) -> Iterator[Product]:
        """The service, new."""
        with (
            TemporaryDirectory(dir=self.folder) as data,
            Product(Path(data) / "data", self.authority.path, host=self._host, resting=resting) as product,
        ):
            yield product


def floor(scene: Scene) -> Floor:
    """The bare loops against the same sinks on the same disk."""
    with scene.receiver() as receiver, Sink("smtp") as mail:
        before = measure.cpu_seconds(receiver.pid)
        post = bare.post(receiver.port, scene.authority.path, BARE_POSTS, limits.DISPATCH_SLOTS)
        receiver_cpu = (measure.cpu_seconds(receiver.pid) - before) / receiver.all()
        before = measure.cpu_seconds(mail.pid)
        bare.mail(mail.port, BARE_MAILS, limits.DISPATCH_SLOTS)
        mail_cpu = (measure.cpu_seconds(mail.pid) - before) / mail.all()
    with TemporaryDirectory(dir=scene.folder) as folder:
        commit = bare.commit(Path(folder), BARE_COMMITS)
    return Floor(
        post_cpu=post.cpu_seconds,
        row_cpu=commit.cpu_seconds,
        commit_milliseconds=commit.wall_seconds * 1e3,
        receiver_cpu=receiver_cpu,
        mail_sink_cpu=mail_cpu,
    )


def chain(scene: Scene, number: int) -> tuple[float, float]:
    """From the call to the webhook's 200, over SMTP and TLS: CPU seconds a message, messages a second."""
    with scene.receiver() as receiver, Sink("smtp") as mail, scene.product() as product:
        campaign = product.relay(mail.port)
        product.webhook(receiver.port)
        _warm(product, campaign, receiver)
        cpu, began = measure.cpu_seconds(product.pid), time.monotonic()
        load.run(product.order(campaign, "m", number))
        receiver.wait(WARM + number, WAIT_SECONDS)
        wall = time.monotonic() - began
        time.sleep(SETTLE_SECONDS)
        return (measure.cpu_seconds(product.pid) - cpu) / number, number / wall


def ingest(scene: Scene, number: int, kind: str) -> tuple[float, float]:
    """202 after the commit, with the rooms at rest: CPU seconds an execution, executions a second.

    kind: of the recipients, see load.Order.
    """
    with scene.product(resting=True) as product:
        campaign = product.simulated()
        load.run(product.order(campaign, "w", WARM, kind=kind))
        cpu = measure.cpu_seconds(product.pid)
        outcome = load.run(product.order(campaign, "m", number, kind=kind))
        return (measure.cpu_seconds(product.pid) - cpu) / number, number / outcome.seconds


def dispatch(scene: Scene, number: int) -> tuple[float, float]:
    """Deliveries that wait for a paused webhook, posted when it is resumed: CPU seconds a POST, POSTs a second."""
    with scene.receiver() as receiver, Sink("smtp") as mail, scene.product() as product:
        campaign = product.relay(mail.port)
        webhook = product.webhook(receiver.port)
        _warm(product, campaign, receiver)
        product.tell(webhook, "pause")
        load.run(product.order(campaign, "m", number))
        _until_waiting(product, number)
        cpu, began = measure.cpu_seconds(product.pid), time.monotonic()
        product.tell(webhook, "resume")
        receiver.wait(WARM + number, WAIT_SECONDS)
        wall = time.monotonic() - began
        time.sleep(SETTLE_SECONDS)
        return (measure.cpu_seconds(product.pid) - cpu) / number, number / wall


def latency(scene: Scene, seconds: int) -> Latency:
    """At FIXED_RATE executions a second."""
    number = round(seconds * FIXED_RATE)
    with scene.receiver() as receiver, Sink("smtp") as mail, scene.product() as product:
        campaign = product.relay(mail.port)
        product.webhook(receiver.port)
        _warm(product, campaign, receiver)
        outcome = load.run(product.order(campaign, "m", number, rate=FIXED_RATE))
        receiver.wait(WARM + number, WAIT_SECONDS)
        replied, tried = mail.times(), receiver.times()
    waits = [tried[person] - at for person, at in replied.items() if person.startswith("m")]
    return Latency(told=measure.percentiles(waits), api=outcome.latency)


def memory(scene: Scene, number: int) -> Memory:
    """Of the service, over the whole chain."""
    with scene.receiver() as receiver, Sink("smtp") as mail, scene.product() as product:
        campaign = product.relay(mail.port)
        product.webhook(receiver.port)
        _warm(product, campaign, receiver)
        held = [measure.resident_megabytes(product.pid)]
        for count in (1, 2):
            load.run(product.order(campaign, f"m{count}-", number, seconds=3 * WAIT_SECONDS))
            receiver.wait(WARM + count * number, 3 * WAIT_SECONDS)
            time.sleep(SETTLE_SECONDS)
            held.append(measure.resident_megabytes(product.pid))
        return Memory(start=held[0], once=held[1], twice=held[2])


def _warm(product: Product, campaign: str, receiver: Sink) -> None:
    load.run(product.order(campaign, "w", WARM))
    receiver.wait(WARM, WAIT_SECONDS)
    time.sleep(SETTLE_SECONDS)


def _until_waiting(product: Product, number: int) -> None:
    end = time.monotonic() + WAIT_SECONDS
    while product.waiting() < number:
        if time.monotonic() > end:
            raise TimeoutError(f"{number} deliveries should wait, and do not")
        time.sleep(0.2)
    time.sleep(SETTLE_SECONDS)
