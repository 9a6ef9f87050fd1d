"""Templates, compiled once for each campaign version and rendered for each message.

minijinja renders what syntax.py made, with a bound on its steps. It gets texts and truth values by number, never the
data, so that no template reaches an attribute of a Python object, and no data is ever read as template.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any

import minijinja
import msgspec

from retour import limits
from retour.model import EmailContent, Rendered, SmsContent, Value
from retour.rendering.evaluation import Rendering, too_long
from retour.rendering.examples import example
from retour.rendering.problems import Problem, RenderTrouble
from retour.rendering.syntax import MARK, RUN, Plan, Translation, translate
from retour.rendering.values import step_into

__all__ = [
    "Compiled",
    "RenderTrouble",
    "TemplateProblem",
    "compile_email",
    "compile_sms",
    "missing",
]

HTML = "html"
CHARACTER_BYTES = 4  # in UTF-8, at most
MEMORY_BYTES = 16 * limits.RENDERED_BYTES  # of a part before it is measured, were every branch of it taken
LINE_BREAKS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")


class TemplateProblem(Value, frozen=True):
    """Why a template can't be published: `subject`, `html` or `text`, the place from 1, a sentence."""

    part: str
    line: int
    column: int
    message: str


class Compiled:
    """The templates of a campaign version, ready to be rendered any number of times.

    variables: every variable used, as `context.order.id`, in order of appearance; of what an each goes through,
    the list. required: those that are written whatever the data says and have no default; what intake asks for
    (`missing`). example: data with a value for each variable, its own name where a text will do.
    """

    def __init__(self, parts: dict[str, Translation], plan: Plan, characters: int | None = None) -> None:
        required = {path for part in parts.values() for path in part.required}
        self.variables = tuple(plan.variables)
        self.required = tuple(path for path in plan.variables if path in required)
        self.example: dict[str, Any] = example(plan.uses)
        self._values = tuple(plan.values)
        self._parts = parts
        self._characters = characters
        self._environment = _environment(parts)

    def render(self, data: dict[str, Any], now: int | None = None) -> Rendered:
        """The message. Raises RenderTrouble.

        data: `{"profile": {…}, "context": {…}}`, plain JSON data. now: what the functions of time go by,
        microseconds UTC; the clock, if it is not given.
        """
        rendering = Rendering(data, time.time_ns() // 1_000 if now is None else now)
        values = [value(rendering) for value in self._values]
        texts = {part: self._write(part, values, rendering) for part in self._parts}
        _check_size(texts, self._characters)
        if "subject" in texts:
            texts["subject"] = LINE_BREAKS.sub(" ", texts["subject"])
        return Rendered(**texts)

    def _write(self, part: str, values: list[Any], rendering: Rendering) -> str:
        translation = self._parts[part]
        if _most_bytes(translation, values) > MEMORY_BYTES:
            raise RenderTrouble(too_long(part))
        names = {f"p{number}": values[number] for number in translation.used}
        if translation.steps:
            rendering.begin(translation.steps, translation.slots)
            names[RUN] = rendering.step
        try:
            return self._environment.render_template(_file(part), **names)
        except minijinja.TemplateError as error:
            if error.kind != "OutOfFuel":
                raise
            raise RenderTrouble(
                f"The {part} takes more than {limits.RENDER_FUEL:,} steps to render."
            ) from error


def compile_email(
    content: EmailContent, refused: Mapping[str, str] | None = None
) -> Compiled | tuple[TemplateProblem, ...]:
    """The templates of an e-mail, or the first problem of each part.

    refused: roots of variables that this e-mail has no data for, and why: `{"profile": "There is none."}`.
    """
    parts = {"subject": content.subject, HTML: content.html, "text": content.text}
    return _compile(parts, Plan(refused=refused or {}))


def compile_sms(content: SmsContent) -> Compiled | tuple[TemplateProblem, ...]:
    """The template of a text message, or its first problem."""
    return _compile({"text": content.text}, Plan(), characters=limits.SMS_CHARACTERS)


def missing(required: tuple[str, ...], data: dict[str, Any]) -> tuple[str, ...]:
    """Those of the required variables that the data does not hold, or holds as null."""
    return tuple(path for path in required if step_into(data, tuple(path.split("."))) is None)


# --- compiling ------------------------------------------------------------------------------------------


def _compile(
    sources: dict[str, str | None], plan: Plan, characters: int | None = None
) -> Compiled | tuple[TemplateProblem, ...]:
    parts, problems = {}, []
    for part, source in sources.items():
        if source is None:
            continue
        translation = translate(source, plan, is_html=part == HTML)
        if isinstance(translation, Problem):
            problems.append(TemplateProblem(part=part, **msgspec.structs.asdict(translation)))
        else:
            parts[part] = translation
    return tuple(problems) or Compiled(parts, plan, characters)


def _environment(parts: dict[str, Translation]) -> minijinja.Environment:
    """minijinja with delimiters that no template holds, so that literal text stays what it is."""
    environment = minijinja.Environment(
        fuel=limits.RENDER_FUEL,
        debug=False,
        pycompat=False,
        keep_trailing_newline=True,
        block_start_string=f"{MARK}%",
        block_end_string=f"%{MARK}",
        variable_start_string=f"{MARK}{{",
        variable_end_string=f"}}{MARK}",
        comment_start_string=f"{MARK}#",
        comment_end_string=f"#{MARK}",
    )
    for part, translation in parts.items():
        environment.add_template(_file(part), translation.source)
    return environment


def _file(part: str) -> str:
    """With an ending for which minijinja escapes nothing: it gets what is escaped already."""
    return f"{part}.txt"


# --- sizes ----------------------------------------------------------------------------------------------


def _most_bytes(part: Translation, values: list[Any]) -> int:
    """No rendering of this part takes more memory, but for what its steps write, which is counted as they do."""
    written = sum(count * len(values[number]) for number, count in part.printed.items())
    return (len(part.source) + written) * CHARACTER_BYTES


def _check_size(texts: dict[str, str], characters: int | None) -> None:
    if sum(len(text.encode()) for text in texts.values()) > limits.RENDERED_BYTES:
        raise RenderTrouble(too_long("message"))
    if characters is not None and len(texts["text"]) > characters:
        found = len(texts["text"])
        raise RenderTrouble(f"The text message has {found:,} characters; at most {characters:,} are allowed.")
