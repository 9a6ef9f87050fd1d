"""Templates to answers. Autoescape is on for every template and a name that is not there is a bug."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse

from retour import ids
from retour.times import moment
from retour.web.admin import assets, colouring, words
from retour.web.admin.forms.fields import field_id

PRODUCT = "Retour"
ICONS = 256  # more than the sprite has, in two sizes


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(product=PRODUCT, asset=assets.url, icon=icon, words=words)
    environment.filters.update(
        moment=time_element,
        clock=clock_element,
        coloured=colouring.coloured,
        milliseconds=words.milliseconds,
        field_id=field_id,
        listed=words.listed,
    )
    return environment


@lru_cache(ICONS)
def icon(name: str, size: str = "") -> Markup:
    """An icon of the sprite; it only decorates, the word stands beside it. A page has thirty of them."""
    place = escape(f"{assets.url('icons/sprite.svg')}#{name}")
    return Markup('<svg class="icon {}" aria-hidden="true"><use href="{}"></use></svg>').format(size, place)


def time_element(micros: int) -> Markup:
    """An instant, for people and for programs."""
    return Markup('<time datetime="{}" class="num">{}</time>').format(ids.iso(micros), moment(micros))


def clock_element(micros: int) -> Markup:
    """Date and time without the zone, for a column that names it."""
    shown = moment(micros).removesuffix(" UTC")
    return Markup('<time datetime="{}" class="num">{}</time>').format(ids.iso(micros), shown)


ENVIRONMENT = _environment()


def render(template: str, status: int = 200, /, **values: Any) -> HTMLResponse:
    """A page."""
    return HTMLResponse(ENVIRONMENT.get_template(template).render(values), status)
