"""Hand-overs: the values that a room gives the store, each written in one transaction or not at all.

A room decides first and hands over one value, so that the store may commit many of them at once. The guard of a
hand-over is a condition in its first UPDATE; on a miss nothing of it is written and the answer is `Stale`.
"""

from __future__ import annotations

from typing import Any

from retour.model import (
    Attempt,
    DeliveryState,
    Event,
    Execution,
    Lane,
    Message,
    Profile,
    RecipientStatus,
    Value,
)
from retour.suppression import Lesson


class Written(Value):
    """It is committed. `owed`: deliveries that it made due. `changed`: rows of the last step. `woken`: it made early
    reports due."""

    owed: int = 0
    changed: int = 0
    woken: bool = False


class Stale(Value):
    """The row had moved on (lease lost, other revision, other version): nothing was written."""


class Known(Value):
    """The request id was used before for the same request: this is the first answer."""

    execution: Execution


class Repeated(Value):
    """These facts of the message are recorded already (their keys): nothing was written."""

    facts: tuple[str, ...]


class Clash(Value):
    """Something with that key is there already: nothing was written. `what` names the table."""

    what: str


class Accepted(Value):
    """Intake: an execution, its messages, and the profiles of people who have none (the first one stays).

    Guard: the campaign is live with that version.
    """

    execution: Execution
    messages: tuple[Message, ...]
    hash: bytes
    profiles: tuple[Profile, ...] = ()


class Owing(Value):
    """A feedback event, and how it is owed: never (`wanted` false), or as the webhook then wants it.

    code: of the event's failure or exclusion, to be counted by.
    """

    event: Event
    delivery_id: str
    request_id: str
    wanted: bool
    code: str | None = None


class Relay(Value):
    """What a try taught about the channel configuration: `trouble` is None when it worked."""

    trouble: str | None = None
    open_until: int | None = None


class Settled(Value):
    """Sending: what came of a try. Guard: the lease (fence) and the revision it was decided on.

    lesson: what it taught of the address. references: the provider's ids of it; reports that wait for one are due.
    """

    lane: Lane
    message_id: str
    fence: int
    revision: int
    now: int
    status: RecipientStatus
    attempts: int
    due_at: int | None = None
    delayed: bool = False
    drop_content: bool = False
    waits_for_relay: bool = False
    final_event_id: str | None = None
    owings: tuple[Owing, ...] = ()
    relay: Relay | None = None
    lesson: Lesson | None = None
    references: tuple[str, ...] = ()


class Returned(Value):
    """A mail that came back, to be kept. id: a hash of it. size: octets. raw: its beginning, sealed."""

    id: str
    at: int
    kind: str
    size: int
    raw: bytes


class Reported(Value):
    """Feedback, of what is learned after sending. Guard: the revision it was decided on, and that nobody tries it.

    due_at: until when a final report is waited for. early: the id of the early report that this was.
    """

    sandbox: str
    message_id: str
    revision: int
    status: RecipientStatus
    delayed: bool
    final_event_id: str | None
    owings: tuple[Owing, ...]
    mail: Returned | None = None
    lesson: Lesson | None = None
    due_at: int | None = None
    early: str | None = None


class Attempted(Value):
    """Dispatch: one try of a delivery and what follows. Guard: the lease (fence).

    attempts: the counted tries after this one (a probe of an open circuit does not count). open_until: when the
    circuit may be probed, once it is open. gone: the endpoint answered 410, pause the webhook.
    """

    sandbox: str
    delivery_id: str
    message_id: str
    sequence: int
    replay: str
    webhook_id: str
    fence: int
    now: int
    state: DeliveryState
    due_at: int
    attempts: int
    attempt: Attempt
    trouble: str | None
    open_until: int
    gone: bool = False


class GivenUp(Value):
    """Dispatch: a delivery that ends without a try. Guard: the lease (fence).

    state: exhausted when it was taken too often without an outcome, cancelled when its webhook or body is gone.
    """

    sandbox: str
    delivery_id: str
    message_id: str
    sequence: int
    replay: str
    fence: int
    attempts: int
    now: int
    state: DeliveryState
    trouble: str


class Step(Value):
    """One named statement. `guard`: it must change exactly one row, else the whole is `Stale`."""

    statement: str
    values: dict[str, Any]
    guard: bool = False


class Changed(Value):
    """The catalog: some steps in one transaction. together: many of one statement, after the others, unguarded."""

    steps: tuple[Step, ...]
    together: tuple[Step, ...] = ()


Handover = Accepted | Settled | Reported | Attempted | GivenUp | Changed
Answer = Written | Stale | Known | Clash | Repeated
