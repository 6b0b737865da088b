"""Deeds in words. A deed without a word of its own shows its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from server.kernel.audit import AuditEntry
from server.staff.roles import Role
from server.web.i18n import Translator
from server.web.words import command_word, role_word
from shared.domain.commands import CommandKind, CommandOutcome

NOTHING: Final = "–"  # noqa: RUF001 - a dash as printers set it


def kind_words(_: Translator) -> Mapping[str, str]:
    """Return what subjects are called, in the order of the filter."""
    return {
        "kiosk": _("Zuil"),
        "event": _("Activiteit"),
        "counter": _("Balie"),
        "group_pass": _("Groepspas"),
        "reward": _("Welkomstvoordeel"),
        "permission_group": _("Groep van balies"),
        "card_system": _("Kaartsysteem"),
        "api_client": _("Programma van een partner"),
        "release": _("Versie"),
        "rollout": _("Uitrol"),
        "staff": _("Persoon"),
        "everything": _("Algemeen beheer"),
        "differences": _("Verschillen"),
        "card": _("Kaart"),
        "checkin": _("Check-in"),
        "passholder": _("Pashouder"),
    }


def deed_word(_: Translator, action: str, kind: str = "") -> str:
    """Return what was done to a subject of a kind."""
    if (action, kind) == ("remove", "kiosk"):
        return _("nam de zuil voorgoed uit dienst")
    words = {
        "login": _("meldde zich aan"),
        "create": _("maakte"),
        "change": _("veranderde"),
        "add-member": _("gaf iemand een functie"),
        "remove": _("haalde weg"),
        "remove-member": _("nam iemands functie af"),
        "accept-terms": _("aanvaardde de gebruiksvoorwaarden"),
        "accept-invitation": _("ging in op een uitnodiging"),
        "assign-counters": _("koos de balies"),
        "choose-event": _("koos de activiteit"),
        "block": _("blokkeerde"),
        "unblock": _("deblokkeerde"),
        "make-enrolment-code": _("maakte een eenmalige code"),
        "enrol": _("meldde een toestel aan"),
        "identify": _("liet de zuil knipperen"),
        "command": _("gaf de zuil een opdracht"),
        "report-command": _("kreeg antwoord op een opdracht"),
        "wiped": _("hoorde dat de zuil haar sleutels en kaarten wiste"),
        "renew-credentials": _("vroeg een nieuwe sleutel voor de zuil"),
        "renew-code-key": _("vernieuwde de sleutel van de QR-codes"),
        "renew-token-key": _("begon met een nieuwe sleutel van de kaarten"),
        "forget-token-key": _("vergat een oude sleutel van de kaarten"),
        "use-token-key": _("nam de nieuwe sleutel van de kaarten in gebruik"),
        "add-release": _("voegde een versie toe"),
        "start-rollout": _("begon een uitrol"),
        "widen-rollout": _("breidde een uitrol uit"),
        "pause-rollout": _("pauzeerde een uitrol"),
        "resume-rollout": _("hervatte een uitrol"),
        "stop-rollout": _("stopte een uitrol"),
        "halt-rollout": _("de uitrol stopte vanzelf"),
        "choose-track": _("koos welke versies de zuil krijgt"),
        "make-poster": _("maakte een affiche"),
        "renew-poster": _("maakte oude affiches ongeldig"),
        "check-in": _("registreerde een bezoek"),
        "read": _("bekeek gegevens van personen"),
        "export": _("haalde een lijst op"),
        "export-members": _("haalde de lijst van alle pashouders op"),
        "look-pupils": _("bekeek de leerlingen van een school"),
        "look-picture": _("bekeek een foto"),
        "put-picture": _("bewaarde een foto"),
        "drop-picture": _("verwijderde een foto"),
        "put-school": _("koos de school"),
        "bulk-register": _("liet een lijst van pashouders registreren"),
        "bulk-move": _("liet een lijst van adressen aanpassen"),
        "import-cards": _("las kaarten in"),
        "order-cards": _("liet kaarten drukken"),
        "delete-cards": _("liet kaarten vervallen"),
        "send-cards": _("stuurde een pak kaarten naar een balie"),
        "confirm-cards": _("bevestigde dat een pak kaarten aankwam"),
        "call-cards-back": _("haalde een pak kaarten terug"),
        "make-prices": _("maakte nieuwe prijzen"),
        "add-price": _("voegde een prijs toe"),
        "drop-price": _("haalde een prijs weg"),
        "create-voucher-type": _("maakte een vouchertype"),
        "make-vouchers": _("maakte vouchers"),
        "use-group-pass": _("rekende tickets aan op een groepspas"),
        "cancel-group-pass-use": _("gaf tickets van een groepspas terug"),
        "end-reward": _("beëindigde een welkomstvoordeel"),
        "change-reward-rules": _("veranderde wat er met voordelen mag"),
        "redeem-reward": _("gaf een welkomstvoordeel mee"),
        "cancel-reward": _("nam een welkomstvoordeel terug"),
        "export-rewards": _("haalde de lijst van opgenomen welkomstvoordelen op"),
        "set-stock-level": _("koos wanneer er een mail komt over de voorraad"),
        "set-watch-rules": _("veranderde de regels van de meldingen"),
        "set-opening-hours": _("veranderde de openingsuren"),
        "begin-maintenance": _("begon onderhoud"),
        "choose-mails": _("koos welke mails er komen"),
        "alert-acknowledged": _("nam een melding op zich"),
        "alert-snoozed": _("vroeg stilte over een melding"),
        "alert-woken": _("beëindigde de stilte over een melding"),
        "alert-released": _("liet een melding los"),
        "alert-assigned": _("gaf een melding door"),
        "alert-commented": _("schreef iets bij een melding"),
        "replace-device": _("verving het toestel"),
        "set-webhook": _("veranderde de webhook"),
        "set-branding": _("veranderde de huisstijl"),
        "grant": _("koos de rechten"),
        "renew-secret": _("maakte een nieuw geheim"),
        "revoke": _("trok in"),
        "register": _("registreerde een pashouder"),
        "join": _("maakte iemand lid"),
        "look": _("bekeek een pashouder"),
        "replace-card": _("gaf een andere kaart"),
        "block-card": _("blokkeerde een kaart"),
        "unblock-card": _("gaf een kaart vrij"),
        "renew-tariff": _("verlengde een kansenstatuut"),
        "suspend-tariff": _("schorste een kansenstatuut"),
        "block-membership": _("blokkeerde een lidmaatschap"),
        "unblock-membership": _("gaf een lidmaatschap vrij"),
        "change-rules": _("veranderde hoe balies registreren"),
        "delete": _("verwijderde voorgoed"),
        "add-relative": _("nam iemand op in een gezin"),
        "remove-relative": _("haalde iemand uit een gezin"),
        "change-own": _("veranderde eigen gegevens"),
        "link-uitid": _("koppelde een UiTiD"),
        "unlink-uitid": _("koppelde een UiTiD los"),
        "mail-uitid": _("liet de mail over UiTiD nog eens sturen"),
        "end-maintenance": _("beëindigde onderhoud"),
    }
    return words.get(action, action)


def details(_: Translator, entry: AuditEntry, titles: Mapping[str, str]) -> list[str]:
    """Return what was recorded with a deed, a line for each fact; of a change what was and what is."""
    detail = entry.detail
    if "event" in detail:
        event = detail["event"]
        detail = detail | {"event": titles.get(event, event) if event else _("automatisch")}
    if {"before", "after"} <= detail.keys():
        before, after = detail["before"], detail["after"]
        return [
            f"{_fact(_, name)}: {_text(_, name, before.get(name))} → {_text(_, name, after.get(name))}"
            for name in after
            if before.get(name) != after.get(name)
        ]
    # Of a person the name says more than the number; a zuil keeps its name when it is out of use.
    hidden = {"person"} | ({"name"} if (entry.action, entry.subject_kind) == ("remove", "kiosk") else set())
    return [
        f"{_fact(_, name)}: {_text(_, name, value)}"
        for name, value in detail.items()
        # Nothing given as a reason is nothing to say.
        if name not in hidden and (name, value) != ("reason", "")
    ]


def _fact(_: Translator, name: str) -> str:
    words = {
        "name": _("naam"),
        "labels": _("labels"),
        "prefixes": _("prefixen"),
        "prefix": _("prefix"),
        "created": _("nieuw"),
        "completed": _("kreeg een chip"),
        "bad": _("foute lijnen"),
        "count": _("aantal"),
        "social_tariff": _("met kansentarief"),
        "permanent": _("blijvend"),
        "organizer": _("organisator"),
        "place": _("plaats"),
        "card_systems": _("kaartsystemen"),
        "groups": _("groepen"),
        "rights": _("rechten"),
        "default": _("standaardgroep"),
        "school": _("groep van scholen"),
        "counters": _("balies"),
        "points": _("punten"),
        "limit": _("limiet"),
        "event": _("activiteit"),
        "role": _("functie"),
        "by": _("met"),
        "cards": _("kaarten"),
        "languages": _("talen"),
        "qr": _("QR-code"),
        "result_seconds": _("seconden per antwoord"),
        "lease_days": _("dagen zonder server"),
        "mode": _("modus"),
        "version": _("versie"),
        "track": _("spoor"),
        "percent": _("procent"),
        "tried": _("probeerden"),
        "failed": _("gingen terug"),
        "worse": _("gingen erna stuk"),
        "edition": _("uitgave"),
        "hours": _("uren"),
        "reason": _("reden"),
        "hardware": _("soort toestel"),
        "key": _("sleutel"),
        "command": _("opdracht"),
        "package": _("pak"),
        "tickets": _("tickets"),
        "until": _("tot en met"),
        "city": _("gemeente"),
        "table": _("prijzen"),
        "from": _("vanaf"),
        "cents": _("eurocent"),
        "age_from": _("vanaf leeftijd"),
        "age_to": _("tot en met leeftijd"),
        "is_for_unknown_age": _("ook leeftijd onbekend"),
        "is_resident": _("inwoners"),
        "carrier": _("drager"),
        "label": _("naam van de prijs"),
        "description": _("uitleg"),
        "counter": _("balie"),
        "low": _("eerste mail bij"),
        "lowest": _("tweede mail bij"),
        "outcome": _("resultaat"),
        "added": _("erbij"),
        "removed": _("weg"),
        "client": _("programma"),
        "address": _("adres"),
        "colours": _("kleuren"),
        "reward": _("voordeel"),
        "rewards": _("welkomstvoordelen"),
        "title": _("titel"),
        "practical_info": _("praktisch"),
        "units": _("aantal"),
        "cities": _("gemeenten"),
        "granting_begin": _("toekennen vanaf"),
        "granting_end": _("toekennen tot en met"),
        "redeem_begin": _("ophalen vanaf"),
        "redeem_end": _("ophalen tot en met"),
        "publication_begin": _("tonen vanaf"),
        "publication_end": _("tonen tot en met"),
        "grants_welcome": _("welkomstvoordelen toekennen"),
        "hands_out": _("voordelen meegeven"),
        "website": _("website"),
        "logo": _("logo"),
    }
    return words.get(name, name)


def _words(_: Translator) -> Mapping[str, Mapping[str, str]]:
    """Return, for facts that are one of a few, what each is called."""
    return {
        "role": {role.value: role_word(_, role) for role in Role},
        "command": {kind.value: command_word(_, kind) for kind in CommandKind},
        "outcome": {
            CommandOutcome.DONE.value: _("uitgevoerd"),
            CommandOutcome.FAILED.value: _("mislukt"),
            CommandOutcome.REFUSED.value: _("geweigerd"),
        },
    }


def _text(_: Translator, name: str, value: Any) -> str:  # noqa: ANN401 - whatever the deed recorded
    if name == "cards" and isinstance(value, list):
        # Their numbers are personal data: one can look for a number, not read them all here.
        return str(len(value))
    if isinstance(value, bool):
        return _("ja") if value else _("nee")
    words = _words(_).get(name, {})
    if isinstance(value, str) and value in words:
        return words[value]
    if isinstance(value, list):
        return ", ".join(map(str, value)) or NOTHING
    return NOTHING if value is None or value == "" else str(value)
