"""The main menu: what the present function of this person leads to."""

from __future__ import annotations

from typing import NamedTuple

from starlette.requests import Request

from server.staff.access import acting_of
from server.staff.roles import Permission
from server.web.i18n import Translator


class Link(NamedTuple):
    """One entry of the menu."""

    href: str
    label: str
    is_current: bool = False


def links(request: Request, _: Translator) -> list[Link]:
    """Return the entries this visitor may open, in the order of the menu."""
    acting = acting_of(request)
    if acting is None:
        return []
    menu = (
        (Permission.FOLLOW_OWN_KIOSKS, Link("/balie", _("Mijn zuilen"))),
        (Permission.SERVE_PASSHOLDERS, Link("/balie/pashouders", _("Pashouders"))),
        (Permission.KEEP_STOCK, Link("/balie/kaarten", _("Mijn kaarten"))),
        (Permission.SELL_TO_GROUPS, Link("/balie/groepspas", _("Groepspas"))),
        (Permission.MANAGE_COLLEAGUES, Link("/balie/collegas", _("Collega's"))),
        (Permission.FOLLOW_KIOSKS, Link("/dashboard/zuilen", _("Zuilen"))),
        (Permission.FOLLOW_KIOSKS, Link("/monitor", _("Monitor"))),
        (Permission.MANAGE_RELEASES, Link("/dashboard/versies", _("Versies"))),
        (Permission.READ_DIFFERENCES, Link("/dashboard/verschillen", _("Verschillen"))),
        (Permission.MANAGE_PASSHOLDERS, Link("/dashboard/pashouders", _("Pashouders"))),
        (Permission.MANAGE_CARDS, Link("/dashboard/kaarten", _("Kaarten"))),
        (Permission.MANAGE_COUNTERS, Link("/dashboard/instellingen", _("Instellingen"))),
    )
    found = [link for permission, link in menu if acting.may(permission)]
    path = request.url.path
    # Of `/balie` and `/balie/kaarten` the longer says where one is.
    here = max((link.href for link in found if path.startswith(link.href)), key=len, default="")
    return [link._replace(is_current=link.href == here) for link in found]
