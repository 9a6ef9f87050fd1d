"""The two forms that rotate a secret: the signing secret's, and the JWT key's."""

from __future__ import annotations

from retour import signing
from retour.catalog.inputs import ALGORITHMS, RotationInput
from retour.errors import Field
from retour.model import Value, Webhook
from retour.web.admin.forms.fields import Form, as_number

OVERLAPS = (
    ("0", "None: the old one ends at once"),
    ("1", "1 hour"),
    ("24", "24 hours"),
    ("72", "3 days"),
    ("168", "7 days"),
)


class RotationForm(Value):
    """What was typed, as text. token: empty has one made."""

    what: str = ""
    version: str = ""
    overlap: str = "24"
    algorithm: str = ""
    token: str = ""
    key_id: str = ""
    after: str = ""


def blank(webhook: Webhook) -> RotationForm:
    """For both forms."""
    algorithm = webhook.authentication.algorithm if webhook.authentication else ""
    return RotationForm(version=str(webhook.version), algorithm=algorithm)


def typed(form: Form) -> RotationForm:
    """What was posted."""
    return RotationForm(
        what=form.text("what"),
        version=form.line("version"),
        overlap=form.line("overlap"),
        algorithm=form.text("algorithm"),
        token=form.text("token"),
        key_id=form.line("key_id"),
        after=form.line("after"),
    )


def to_input(form: RotationForm) -> RotationInput:
    """For the catalog, which says what is wrong with it. What is no number becomes one that it refuses."""
    token = form.token.strip() or None
    shared = form.what == "signingSecret" or signing.is_shared(form.algorithm)
    return RotationInput(
        what=form.what,
        overlap_hours=as_number(form.overlap),
        secret=token if shared else None,
        private_key=None if shared else token,
        generate=token is None,
        algorithm=form.algorithm or None,
        key_id=form.key_id or None,
        sign_after_minutes=as_number(form.after) if form.after else None,
    )


def placed(fields: tuple[Field, ...], form: RotationForm) -> list[Field]:
    """The same problems at the fields of the form that was posted; there are two on the page."""
    secrets = ("secret", "privateKey", "generate")
    return [
        Field(f"rotate.{form.what}.{'secret' if field.path in secrets else field.path}", field.message)
        for field in fields
    ]


def algorithms() -> list[tuple[str, str]]:
    """Value and label of each."""
    return [(word, word) for word in ALGORITHMS]
