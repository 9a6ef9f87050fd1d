"""For those who receive: verify a feedback webhook's request, read its event, find out why one does not verify.

    from retour.receiver import VerificationError, verify

    try:
        event = verify(request.headers, request.get_data(), secret=SIGNING_SECRET)
    except VerificationError as error:
        return str(error), 401

Nothing of the service is loaded along: joserfc, msgspec and a few words of ours. It shares no code with the side that
signs, so that a mistake there is seen here. `explain` says of each step what differs.
"""

from __future__ import annotations

from retour.receiver.event import FeedbackEvent, read_event
from retour.receiver.explaining import Finding, Outcome, explain
from retour.receiver.incoming import Headers, read_headers
from retour.receiver.token import ALGORITHMS, JwtRule
from retour.receiver.verifying import (
    TOLERANCE_SECONDS,
    Step,
    Trouble,
    VerificationError,
    first_trouble,
    verify,
)

__all__ = [
    "ALGORITHMS",
    "TOLERANCE_SECONDS",
    "FeedbackEvent",
    "Finding",
    "Headers",
    "JwtRule",
    "Outcome",
    "Step",
    "Trouble",
    "VerificationError",
    "explain",
    "first_trouble",
    "read_event",
    "read_headers",
    "verify",
]
