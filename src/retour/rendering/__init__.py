"""Templates, compiled once for each campaign version and rendered for each message.

minijinja renders what syntax.py made. It sees plain values only: every variable is looked up here,
in JSON data, and handed over by number, so that no template reaches an attribute of a Python object.

How a value counts: absent, null and an empty list are the empty text. 0, false and the empty text are false
in a condition, everything else is true, `{}` too (Handlebars). A list or an object is written as JSON.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any

import minijinja
import msgspec

from retour import limits
from retour.model import EmailContent, Rendered, SmsContent, Value
from retour.rendering.syntax import COMPARE, MARK, Problem, Translation, translate

Scalar = str | int | float | bool

HTML = "html"
ESCAPED_BYTES = 6  # the longest that one character becomes: `'` is `&#x27;`. UTF-8: four
MEMORY_BYTES = 16 * limits.RENDERED_BYTES  # of a part before it is measured, were every branch of it taken
INTEGERS = range(-(2**63), 2**63)  # what minijinja counts with; larger ones are written as they are
LINE_BREAKS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")
NUMERIC = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?")


class TemplateProblem(Value, frozen=True):
    """Why a template can't be published: `subject`, `html` or `text`, the place from 1, a sentence."""

    part: str
    line: int
    column: int
    message: str


class RenderTrouble(Exception):
    """This message can't be rendered from this data; the text is a sentence. Another try ends alike."""


class Compiled:
    """The templates of a campaign version, ready to be rendered any number of times.

    variables: every variable used, as `context.order.id`, in order of appearance. required: those that are
    written whatever the data says and have no default; what intake asks for (`missing`).
    """

    def __init__(
        self, parts: dict[str, Translation], variables: tuple[str, ...], characters: int | None = None
    ) -> None:
        required = {path for part in parts.values() for path in part.required}
        self.variables = variables
        self.required = tuple(path for path in variables if path in required)
        self._paths = [tuple(path.split(".")) for path in variables]
        self._parts = parts
        self._characters = characters
        self._environment = _environment(parts)

    def render(self, data: dict[str, Any]) -> Rendered:
        """The message. data: `{"profile": {…}, "context": {…}}`, plain JSON data. Raises RenderTrouble."""
        values = [_value(data, path) for path in self._paths]
        variables = _variables(values)
        texts = {part: self._write(part, values, variables) for part in self._parts}
        _check_size(texts, self._characters)
        if "subject" in texts:
            texts["subject"] = LINE_BREAKS.sub(" ", texts["subject"])
        return Rendered(**texts)

    def _write(self, part: str, values: list[Scalar], variables: dict[str, Scalar]) -> str:
        if _most_bytes(self._parts[part], values) > MEMORY_BYTES:
            raise RenderTrouble(_too_long(part))
        try:
            return self._environment.render_template(_file(part), **variables)
        except minijinja.TemplateError as error:
            if error.kind != "OutOfFuel":
                raise
            raise RenderTrouble(
                f"The {part} takes more than {limits.RENDER_FUEL:,} steps to render."
            ) from error


def compile_email(content: EmailContent) -> Compiled | tuple[TemplateProblem, ...]:
    """The templates of an e-mail, or the first problem of each part."""
    return _compile({"subject": content.subject, HTML: content.html, "text": content.text})


def compile_sms(content: SmsContent) -> Compiled | tuple[TemplateProblem, ...]:
    """The template of a text message, or its first problem."""
    return _compile({"text": content.text}, characters=limits.SMS_CHARACTERS)


def missing(required: tuple[str, ...], data: dict[str, Any]) -> tuple[str, ...]:
    """Those of the required variables that the data does not hold, or holds as null."""
    return tuple(path for path in required if _find(data, tuple(path.split("."))) is None)


# --- compiling ------------------------------------------------------------------------------------------


def _compile(
    sources: dict[str, str | None], characters: int | None = None
) -> Compiled | tuple[TemplateProblem, ...]:
    numbers: dict[str, int] = {}
    parts, problems = {}, []
    for part, source in sources.items():
        if source is None:
            continue
        translation = translate(source, numbers)
        if isinstance(translation, Problem):
            problems.append(TemplateProblem(part=part, **msgspec.structs.asdict(translation)))
        else:
            parts[part] = translation
    return tuple(problems) or Compiled(parts, tuple(numbers), characters)


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
    environment.add_global(COMPARE, compare)
    for part, translation in parts.items():
        environment.add_template(_file(part), translation.source)
    return environment


def _file(part: str) -> str:
    """The name of a part: minijinja escapes what ends in .html, and nothing else."""
    return f"{part}.html" if part == HTML else f"{part}.txt"


# --- values ---------------------------------------------------------------------------------------------


def _variables(values: list[Scalar]) -> dict[str, Scalar]:
    """As minijinja gets them: `v0` to be tested, `p0` to be written (it would write True)."""
    variables: dict[str, Scalar] = {}
    for number, value in enumerate(values):
        variables[f"v{number}"] = value
        variables[f"p{number}"] = _WORDS[value] if isinstance(value, bool) else value
    return variables


_WORDS = {True: "true", False: "false"}


def _value(data: dict[str, Any], path: tuple[str, ...]) -> Scalar:
    """What a template sees of a variable. Raises TypeError for what JSON does not decode to."""
    value = _find(data, path)
    kind = type(value)
    if kind is str or kind is bool or kind is float:
        return value  # type: ignore[no-any-return]
    if kind is int:
        return value if value in INTEGERS else str(value)
    if value is None or value == []:
        return ""
    if kind is dict or kind is list:
        return msgspec.json.encode(value).decode()
    raise TypeError(f"{'.'.join(path)} is a {kind.__name__}; templates take plain JSON data only")


def _find(data: Any, path: tuple[str, ...]) -> Any:
    for step in path:
        if type(data) is not dict:
            return None
        data = data.get(step)
    return data


def compare(sign: str, left: Scalar, right: Scalar) -> bool:
    """A comparison of a template; texts that look like the other side's number or truth value count as one.

    AJO sends context attributes as text, so "12" > 9 is true. What can't be ordered is neither less nor more.
    """
    left, right = _like(left, right), _like(right, left)
    alike = isinstance(left, str) == isinstance(right, str) and isinstance(left, bool) == isinstance(
        right, bool
    )
    return _SIGNS[sign](left, right) if alike else sign == "!="


_SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _like(value: Scalar, other: Scalar) -> Scalar:
    """A text as what the other side is, where it reads as one."""
    if not isinstance(value, str) or isinstance(other, str):
        return value
    if isinstance(other, bool):
        return {"true": True, "false": False}.get(value, value)
    return float(value) if NUMERIC.fullmatch(value) else value


# --- sizes ----------------------------------------------------------------------------------------------


def _most_bytes(part: Translation, values: list[Scalar]) -> int:
    """No rendering of this part takes more memory: it has no loops, so each tag is written once at most."""
    texts = ((count, values[number]) for number, count in part.printed.items())
    written = sum(count * (len(value) if isinstance(value, str) else 32) for count, value in texts)
    return (len(part.source) + written) * ESCAPED_BYTES


def _check_size(texts: dict[str, str], characters: int | None) -> None:
    if sum(len(text.encode()) for text in texts.values()) > limits.RENDERED_BYTES:
        raise RenderTrouble(_too_long("message"))
    if characters is not None and len(texts["text"]) > characters:
        found = len(texts["text"])
        raise RenderTrouble(f"The text message has {found:,} characters; at most {characters:,} are allowed.")


def _too_long(what: str) -> str:
    return f"The rendered {what} has more than {limits.RENDERED_BYTES:,} bytes. Send less data."
