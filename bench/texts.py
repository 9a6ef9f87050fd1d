"""Text messages by a gateway that reports of each: at a rate, as fast as they go, and at a pace."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from bench import load, measure
from bench.measure import Percentiles
from bench.product import Space
from bench.scenarios import SETTLE_SECONDS, WAIT_SECONDS, WARM, Meter, Scene, Work
from bench.sinks import Sink
from retour.model import Value

RATE = 500.0
PACE, BACKLOG, PACED_SECONDS = 50, 1_000, 10
STATUSES = ("sent", "delivered")
SECOND = 1_000_000_000  # of the sinks' clock


class Rated(Value):
    """At RATE. submits: a second, as the gateway saw them. told: from each to the webhook that tells `delivered`."""

    submits: float
    told: Percentiles
    api: Percentiles
    work: Work


class Paced(Value):
    """What the gateway counted, second by second, and the most in any second."""

    seconds: list[int]
    most: int


class Desk:
    """A sandbox, its gateway, and who is told of each message. It counts what it sends."""

    def __init__(self, space: Space, gateway: Sink, receiver: Sink, per_second: float | None = None) -> None:
        self._space = space
        self._gateway = gateway
        self._receiver = receiver
        self._campaign = space.gateway(gateway.port, per_second)
        self._sent = 0
        space.webhook(receiver.port)

    def send(self, number: int, rate: float = 0) -> load.Outcome:
        """So many messages, each to a number of its own."""
        first, self._sent = self._sent, self._sent + number
        more = {"first": first, "namespace": "phone", "rate": rate}
        return load.run(self._space.order(self._campaign, "m", number, **more))

    def wait(self) -> None:
        """Until every message was told of, as sent and as delivered."""
        self._receiver.wait(len(STATUSES) * self._sent, WAIT_SECONDS)

    def warm(self) -> None:
        """Handshakes and caches."""
        self.send(WARM)
        self.wait()
        time.sleep(SETTLE_SECONDS)

    def check(self) -> None:
        """Everything was submitted and told once: nothing lost, nothing twice. Raises RuntimeError."""
        came = {"submits": self._gateway.all(), "told": self._receiver.all()}
        right = {"submits": self._sent, "told": len(STATUSES) * self._sent}
        told = Counter(key.rpartition(" ")[2] for key in self._receiver.times())
        if came != right or told != dict.fromkeys(STATUSES, self._sent):
            raise RuntimeError(f"{came} instead of {right}; different ones: {dict(told)}")

    def submits(self) -> float:
        """A second, without those of `warm`."""
        times = sorted(self._gateway.times().values())[WARM:]
        return len(times) * SECOND / (times[-1] - times[0])

    def waits(self) -> list[int]:
        """From each submit to the webhook that told `delivered`, in nanoseconds, without those of `warm`."""
        told = self._receiver.times()
        submits = list(self._gateway.times().items())[WARM:]
        return [told[f"{number} delivered"] - at for number, at in submits]


@contextmanager
def desk(scene: Scene) -> Iterator[tuple[Desk, Meter]]:
    """A new service, warm, whose meter runs."""
    with scene.sink("told") as receiver, scene.sink("sms") as gateway, scene.product() as product:
        made = Desk(product.spaces[0], gateway, receiver)
        made.warm()
        yield made, Meter(product)


def rated(scene: Scene, seconds: int) -> Rated:
    """RATE messages a second."""
    number = round(seconds * RATE)
    with desk(scene) as (made, meter):
        outcome = made.send(number, RATE)
        made.wait()
        meter.lap()
        work = meter.stop(number)
        made.check()
        told = measure.percentiles(made.waits())
        return Rated(submits=made.submits(), told=told, api=outcome.latency, work=work)


def fastest(scene: Scene, number: int) -> Work:
    """As many as 64 callers bring."""
    with desk(scene) as (made, meter):
        made.send(number)
        made.wait()
        meter.lap()
        work = meter.stop(number)
        made.check()
        return work


def paced(scene: Scene) -> Paced:
    """PACE a second while BACKLOG wait: what the gateway sees."""
    with scene.sink("told") as receiver, scene.sink("sms") as gateway, scene.product() as product:
        Desk(product.spaces[0], gateway, receiver, PACE).send(BACKLOG)
        gateway.wait(PACE * (PACED_SECONDS + 1), WAIT_SECONDS)
        times = sorted(gateway.times().values())
    counts = Counter((at - times[0]) // SECOND for at in times)
    return Paced(seconds=[counts[second] for second in range(PACED_SECONDS)], most=_most(times))


def _most(times: Sequence[int]) -> int:
    """In any second."""
    return max(bisect_left(times, at + SECOND) - place for place, at in enumerate(times))
