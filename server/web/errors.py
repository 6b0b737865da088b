"""Error pages: what happened and what to do, in one clear sentence."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from server.web.headers import add_security_headers
from server.web.i18n import Translator, speak
from server.web.templating import page


def error_page(request: Request, status: int, reason: str = "") -> Response:
    """Return the page for an HTTP status; `reason` picks a more precise sentence where there is one."""
    title, sentence = _words(speak(request), status, reason)
    response = page(
        request, "web/error.html", status=status, title=title, sentence=sentence, back=_asked_from(request)
    )
    # Here too: the page of a bug is made outside the wrapper that sets them.
    add_security_headers(response.headers)
    return response


def _asked_from(request: Request) -> str:
    """Return the path of our own page that a form was sent from, empty when that is not known."""
    try:
        asked = urlsplit(request.headers.get("referer", ""))
    except ValueError:
        return ""
    is_ours = asked.netloc == request.headers.get("host") and not asked.path.startswith("//")
    is_elsewhere = request.method != "GET" and asked.path != request.url.path
    return asked.path if is_ours and is_elsewhere else ""


def _words(_: Translator, status: int, reason: str) -> tuple[str, str]:
    reasons = {
        "origin": (
            _("Dat lukte niet"),
            _("Deze opdracht kwam niet van onze eigen pagina. Open de pagina opnieuw en probeer nog eens."),
        ),
        "login": (
            _("Aanmelden lukte niet"),
            _("UiTiD kon je aanmelding niet bevestigen. Ga naar de start en probeer opnieuw."),
        ),
        "event": (
            _("Dat kan hier niet"),
            _("Deze activiteit is niet van jouw balie. Kies een activiteit uit de lijst."),
        ),
        "kiosk": (
            _("Niet gevonden"),
            _("Deze zuil is niet van jouw balie of regio. Kies een zuil uit de lijst."),
        ),
        "no-kiosk": (
            _("Niet gevonden"),
            _("Deze zuil bestaat niet (meer), of je volgt ze niet op. Kies een zuil uit de lijst."),
        ),
        "alert": (
            _("Niet gevonden"),
            _("Deze melding bestaat niet (meer), of gaat niet over zuilen die jij opvolgt."),
        ),
        "retired": (
            _("Uit dienst"),
            _("Deze zuil is voorgoed uit dienst: je kan haar niets meer opdragen of laten tonen."),
        ),
        "ordered": (
            _("Al gevraagd"),
            _("Dit is al gevraagd en de zuil deed het nog niet. Open de zuil opnieuw en zie hoever ze is."),
        ),
        "not-active": (
            _("Niet in gebruik"),
            _("Deze zuil is nu niet in gebruik. Meld eerst een toestel aan met een eenmalige code."),
        ),
        "no-code": (
            _("Nu geen code"),
            _("Deze zuil toont nu geen code: er is geen activiteit. Kies er een aan de balie."),
        ),
        "place": (
            _("Niet gevonden"),
            _("Dit hoort niet bij wat jij beheert, of het bestaat niet (meer)."),
        ),
        "percent": (
            _("Dat kan niet"),
            _("Een uitrol wordt alleen breder: kies een groter deel dan ze nu heeft, tot 100 %."),
        ),
        "member": (
            _("Niet gevonden"),
            _("Deze persoon werkt hier niet (meer). Ga terug en kijk de lijst na."),
        ),
    }
    if reason in reasons:
        return reasons[reason]
    known = {
        403: (_("Geen toegang"), _("Je bent aangemeld, maar deze pagina hoort niet bij je functie.")),
        404: (
            _("Niet gevonden"),
            _("Deze pagina bestaat niet (meer). Kijk het adres na of ga terug naar de start."),
        ),
        405: (_("Dat kan hier niet"), _("Deze pagina kan je alleen bekijken. Ga terug en probeer opnieuw.")),
        409: (
            _("Intussen veranderd"),
            _("Iemand was je voor: dit kan nu niet meer. Open de pagina opnieuw om te zien hoe het staat."),
        ),
        422: (
            _("Er ontbreekt iets"),
            _("Niet alles was goed ingevuld. Ga terug, kijk je gegevens na en probeer opnieuw."),
        ),
        429: (
            _("Even geduld"),
            _("Er kwamen te veel pogingen na elkaar. Wacht even en probeer dan opnieuw."),
        ),
        503: (
            _("Even niet bereikbaar"),
            _("Een ander deel van het systeem antwoordt niet. Probeer het zo meteen opnieuw."),
        ),
    }
    technical = (_("Er liep iets mis"), _("Er liep iets mis aan onze kant. Probeer het zo meteen opnieuw."))
    return known.get(status, technical)
