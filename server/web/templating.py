"""Jinja: one environment for the shell and the templates of every capability.

A template is named by its folder: `web/base.html` is `server/web/templates/base.html`,
`kiosks/balie.html` is `server/kiosks/templates/balie.html`.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from server.staff.access import acting_of
from server.staff.sessions import Acting
from server.web.i18n import LANGUAGES, Translator, speak
from server.web.moments import Moments
from server.web.navigation import links
from server.web.sayings import Sayings
from server.web.words import outcome_word, role_word

SERVER: Final = Path(__file__).resolve().parents[1]
STATIC: Final = Path(__file__).resolve().parent / "static"


@cache
def environment() -> Environment:
    """Return the environment: escaping on, a misspelt name is an error."""
    folders = {path.parent.name: FileSystemLoader(path) for path in sorted(SERVER.glob("*/templates"))}
    env = Environment(
        loader=PrefixLoader(folders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.do"],
    )
    env.globals["static"] = static
    return env


def page(request: Request, template: str, /, status: int = 200, **context: object) -> HTMLResponse:
    """Render a whole page in the visitor's language; never stored by caches, it may be about a person."""
    html = fragment(request, template, **context)
    return HTMLResponse(html, status_code=status, headers={"cache-control": "no-store"})


def fragment(request: Request, template: str, /, **context: object) -> str:
    """Render part of a page, for htmx and event streams."""
    translate = speak(request)
    acting = acting_of(request)
    shell: dict[str, object] = {
        "_": translate,
        "n_": translate.plural,
        "sayings": Sayings(translate),
        "language": translate.language,
        "languages": LANGUAGES,
        "outcome_word": partial(outcome_word, translate),
        "moments": Moments(translate, datetime.now(UTC)),
        "acting": acting,
        "post_word": _post_word(translate, acting),
        "links": links(request, translate),
        "path": request.url.path,
    }
    return environment().get_template(template).render(shell | context)


def _post_word(translate: Translator, acting: Acting | None) -> str:
    if acting is None or acting.post is None:
        return translate("Nog geen balie gekozen")
    role = role_word(translate, acting.post.role)
    return f"{role} · {acting.post.place}" if acting.post.place else role


@cache
def static(name: str) -> str:
    """Return the address of a file in `static/`, with a mark that changes when the file does."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:10]
    return f"/static/{name}?v={digest}"
