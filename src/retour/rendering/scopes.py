"""What a name means at a place in a template: a variable of the data, a let, an item of an each, a with.

Known when a template is published: each gets a slot, so that nothing is looked up by name when it is rendered.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from retour import limits
from retour.rendering.evaluation import LOOP_NAMES
from retour.rendering.examples import ITEM, Uses
from retour.rendering.nodes import Frame, Local, Node, Path, Steps
from retour.rendering.problems import Stop, meant, shown
from retour.rendering.signatures import Kind
from retour.rendering.tokens import Token, steps_of

ROOTS = ("profile", "context")
WORDS = frozenset({*ROOTS, "this", "true", "false", "null", "and", "or", "not", "else", "let", "as", "if"})
AFTER_AT = ("index", "key", "first", "last")


class Scope:
    """The names of one part of a message.

    variables: those of the data, in order; uses: as what they are used; both shared by all parts.
    refused: roots that have no data here, and why.
    """

    def __init__(
        self, variables: dict[str, None], uses: Uses, refused: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self.frames: list[Frame] = []
        self.slots = 0
        self._variables = variables
        self._uses = uses
        self._last: Steps = ()
        self._refused = refused
        self._lets: dict[str, int] = {}

    def add_slots(self, count: int) -> int:
        """Room for so many values; the number of the first."""
        self.slots += count
        return self.slots - count

    def enter_each(self, names: list[str], about: Node) -> Frame:
        """The inside of an each: its item and its index or key may have names."""
        slot = self.add_slots(len(LOOP_NAMES))
        loop = {name: slot + number for number, name in enumerate(LOOP_NAMES)}
        origin = self._origin(about)
        if origin:
            origin = (*origin, ITEM)
            self._uses.setdefault(origin, Kind.VALUE)
        frame = Frame(slot, loop, dict(zip(names, (slot, loop["key"]), strict=False)), origin)
        self.frames.append(frame)
        return frame

    def enter_with(self, names: list[str], about: Node) -> Frame:
        """The inside of a with, which may have a name."""
        slot = self.add_slots(1)
        frame = Frame(slot, {}, dict.fromkeys(names, slot), self._origin(about))
        self.frames.append(frame)
        return frame

    def used_as(self, node: Node, kind: Kind) -> None:
        """Notes as what the variable that was named last is used, if the expression is nothing but this variable."""
        origin = self._origin(node)
        if origin and self._uses[origin] is Kind.VALUE:
            self._uses[origin] = kind

    def _origin(self, node: Node) -> Steps:
        return self._last if isinstance(node, Path | Local) else ()

    def let(self, token: Token) -> int:
        """The slot of a let. Raises Stop for a name that means something else."""
        name = token.text
        if not is_free(name):
            raise Stop(token.at, f"{shown(name)} can't be the name of a let.")
        if any(name in frame.names for frame in self.frames):
            raise Stop(token.at, f"{shown(name)} is the name of something else here.")
        if name not in self._lets:
            self._lets[name] = self.add_slots(1)
        return self._lets[name]

    # --- what a token means ---

    def named(self, token: Token, *, across: bool = False) -> Node:
        """Of `context.order.id`, `item.name`, `total`. Raises Stop for what is unknown."""
        first, *rest = steps_of(token.text)
        steps = tuple(rest)
        if first == "this":
            return self._inside(token, 0, steps, across)
        for frame in reversed(self.frames):
            if first in frame.names:
                return self._local(token, frame, frame.names[first], steps, across)
        if first in self._lets:
            self._last = ()
            return Local(self._lets[first], steps, across)
        if first in ROOTS and steps:
            return self._asked(token, (first, *steps), across)
        raise self._unknown(token, first)

    def above(self, token: Token, *, across: bool = False) -> Node:
        """Of `../name`, `../this`, `../@index`, `..`."""
        rest = token.text.replace("../", "")
        levels = token.text.count("../") or 1
        if rest.startswith("@"):
            return self._counter(token, levels, rest[1:])
        steps = () if rest in ("", "..") else steps_of(rest)
        return self._inside(token, levels, steps[1:] if steps[:1] == ("this",) else steps, across)

    def after_at(self, token: Token, *, across: bool = False) -> Node:
        """Of `@index`, `@../first`, `@root.context.id`."""
        levels, name = token.text.count("../"), token.text[1:].replace("../", "")
        first, *steps = steps_of(name)
        if first == "root" and not levels and steps and steps[0] in ROOTS and len(steps) > 1:
            return self._asked(token, tuple(steps), across)
        return self._counter(token, levels, name)

    def _inside(self, token: Token, levels: int, steps: tuple[str, ...], across: bool) -> Node:
        if levels < len(self.frames):
            frame = self.frames[-1 - levels]
            return self._local(token, frame, frame.this, steps, across)
        if levels == len(self.frames) and levels and steps[:1] and steps[0] in ROOTS and len(steps) > 1:
            return self._asked(token, steps, across)
        inside = "one more each or with around this" if levels else "an each or a with"
        raise Stop(token.at, f"{shown(token.text)} stands for something only inside {inside}.")

    def _counter(self, token: Token, levels: int, name: str) -> Node:
        if name not in AFTER_AT:
            known = "Known are @index, @key, @first and @last."
            raise Stop(token.at, f"{shown(token.text)} is unknown. {known}")
        frames = [frame for frame in self.frames[: len(self.frames) - levels or None] if frame.loop]
        if not frames or levels >= len(self.frames):
            raise Stop(token.at, f"{shown(token.text)} stands for something only inside an each.")
        self._last = ()
        return Local(frames[-1].loop[name])

    def _local(self, token: Token, frame: Frame, slot: int, steps: Steps, across: bool) -> Node:
        if frame.origin and slot == frame.this:
            self._use(token, (*frame.origin, *steps))
        else:
            self._last = ()
        return Local(slot, steps, across)

    def _asked(self, token: Token, steps: Steps, across: bool) -> Path:
        """A variable that a template names. Raises Stop where its root has no data."""
        if steps[0] in self._refused:
            raise Stop(token.at, f"{shown(token.text)} can't be used. {self._refused[steps[0]]}")
        self._use(token, steps)
        return Path(steps, across)

    def _use(self, token: Token, steps: Steps) -> None:
        """A variable, or something in an item of one; of these the list is told, as the each names it.

        Raises Stop for what lies deeper than data can.
        """
        if len(steps) > limits.JSON_DEPTH:
            raise Stop(token.at, f"A variable can lie {limits.JSON_DEPTH} deep at most.")
        self._last = steps
        self._uses.setdefault(steps, Kind.VALUE)
        if ITEM not in steps:
            self._variables.setdefault(".".join(steps))

    def _unknown(self, token: Token, first: str) -> Stop:
        text = f"{shown(token.text)} is unknown. A variable starts with profile. or context."
        known = {*self._lets, *(name for frame in self.frames for name in frame.names)}
        if first not in ROOTS and (near := meant(first, known | set(ROOTS))):
            text += near
        elif self.frames:
            text += f" For a property of what the block is about, write this.{token.text[:40]}."
        return Stop(token.at, text)


def is_free(name: str) -> bool:
    """Whether a name can be given to something."""
    return name not in WORDS and "." not in name
