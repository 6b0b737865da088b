"""What is wrong with a registration, in words."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from server.registration.facts import Fault
from server.web.i18n import Translator, later
from shared.domain.prices import PriceReason

_FAULTS: Final[Mapping[Fault, str]] = MappingProxyType(
    {
        Fault.NAME: later("Vul de naam in."),
        Fault.FIRST_NAME: later("Vul de voornaam in."),
        Fault.BIRTH_DATE_WRONG: later("Deze geboortedatum kan niet: kijk ze na."),
        Fault.BIRTH_DATE: later("Vul de geboortedatum in, bijvoorbeeld 2/3/1983."),
        Fault.INSZ_NEEDED: later("Vul het rijksregisternummer in. Deze balie mag niet zonder registreren."),
        Fault.INSZ_INVALID: later("Dit is geen rijksregisternummer: kijk de cijfers na."),
        Fault.INSZ_USED: later("Deze persoon heeft al een UiTPAS. Zoek hem of haar op met dit nummer."),
        Fault.INSZ_OTHER_DATE: later("Het rijksregisternummer hoort bij een andere geboortedatum."),
        Fault.INSZ_KNOWN: later("Van deze persoon is al een ander rijksregisternummer bekend."),
        Fault.PLACE: later("Vul de gemeente in."),
        Fault.PLACE_UNKNOWN: later("Deze gemeente hoort niet bij deze postcode."),
        Fault.ABROAD: later("Deze balie mag geen mensen uit het buitenland registreren."),
        Fault.ELSEWHERE: later("Deze balie mag geen mensen uit een andere regio registreren."),
        Fault.EMAIL: later("Dit e-mailadres klopt niet."),
        Fault.EMAIL_CHOICE: later("Vul een e-mailadres in, of vink aan dat er geen is."),
        Fault.EMAIL_BOTH: later("Er staat een e-mailadres én dat er geen is: kies één van de twee."),
        Fault.CONSENT: later("Onder 16 jaar moet een ouder of voogd akkoord gaan. Vink het aan."),
        Fault.TOO_YOUNG: later("Onder 16 jaar kan je geen berichten aanvinken."),
        Fault.NOT_ALLOWED: later("Deze balie mag dit niet. Vraag het aan je KSB."),
        Fault.TARIFF_NOT_ALLOWED: later("Deze balie mag geen kansenstatuut geven."),
        Fault.TARIFF_DATE: later("Kies een dag vanaf vandaag, ten laatste 31 december volgend jaar."),
        Fault.TARIFF_NOT_LATER: later(
            "Kies een dag na de laatste die er nu is. Valt het kansenstatuut weg? Geef een andere kaart."
        ),
        Fault.CARD_NEEDED: later("Scan of typ de kaart die je meegeeft."),
        Fault.CARD_NUMBER: later("Dit is geen UiTPAS-nummer: kijk de 13 cijfers na."),
        Fault.CARD_UNKNOWN: later("Deze kaart kennen we niet."),
        Fault.CARD_TAKEN: later("Deze kaart is al van iemand. Neem een andere."),
        Fault.CARD_NOT_HERE: later("Deze kaart ligt niet in de voorraad van deze balie."),
        Fault.CARD_OTHER_SYSTEM: later("Deze kaart is van een andere regio."),
        Fault.CARD_FOR_TARIFF: later(
            "Dit is een kaart voor wie een kansenstatuut heeft."
            " Geef ook het kansenstatuut, of neem een gewone kaart."
        ),
        Fault.CARD_WITHOUT_TARIFF: later("Neem een kaart voor wie een kansenstatuut heeft."),
        Fault.CARD_OUTDATED: later("Deze kaart toont niet meer of de pashouder een kansenstatuut heeft."),
        Fault.CARD_STATE: later("Deze kaart is niet in gebruik."),
        Fault.NO_TARIFF: later("Deze persoon heeft hier geen kansenstatuut."),
        Fault.REASON: later("Kies waarom deze persoon een kaart krijgt."),
        Fault.VOUCHER_UNKNOWN: later("Deze voucher kennen we niet."),
        Fault.VOUCHER_USED: later("Deze voucher is al gebruikt."),
        Fault.PICTURE: later("Kies een foto: een JPEG, PNG, WebP of GIF van hoogstens 12 MB."),
        Fault.MEMBER_ALREADY: later("Deze persoon is hier al lid."),
        Fault.NOT_A_MEMBER: later("Deze persoon is hier geen lid."),
        Fault.MEMBER_ELSEWHERE: later(
            "Deze persoon is ook lid van een ander kaartsysteem. Vraag het aan het algemeen beheer."
        ),
        Fault.NOT_DIGITAL: later("Deze regio geeft hiervoor geen digitale kaarten."),
        Fault.NO_NUMBERS: later("Er zijn geen kaartnummers meer. Vraag het aan je KSB."),
        Fault.UNDERAGE: later("Wie jonger is dan 16 jaar wordt aan een balie geregistreerd."),
        Fault.EMAIL_USED: later("Dit e-mailadres wordt al gebruikt."),
        Fault.NO_MAIL: later("Er is geen e-mailadres, of je KSB zette deze mails uit."),
        Fault.LEAVES_REGION: later("Met een geldig kansenstatuut kan iemand niet buiten de regio verhuizen."),
    }
)

_REASONS: Final[Mapping[PriceReason, str]] = MappingProxyType(
    {
        PriceReason.FIRST_CARD: later("eerste kaart"),
        PriceReason.CARD_UPGRADE: later("lid van een regio erbij"),
        PriceReason.EXTRA_CARD: later("kaart van deze regio erbij"),
        PriceReason.LOSS_THEFT: later("verloren of gestolen"),
        PriceReason.DEFECT: later("kaart is stuk"),
        PriceReason.REMOVAL: later("verhuisd"),
        PriceReason.OBTAIN_KANSENSTATUUT: later("krijgt het kansenstatuut"),
        PriceReason.LOSS_KANSENSTATUUT: later("heeft geen kansenstatuut meer"),
    }
)


def fault_words(_: Translator, faults: Mapping[str, Fault]) -> dict[str, str]:
    """Return field -> sentence; what is about no field of a form is under the empty name."""
    return {("" if field == "system" else field): _(_FAULTS[fault]) for field, fault in faults.items()}


def reason_word(_: Translator, reason: PriceReason) -> str:
    """Return why somebody gets a card."""
    return _(_REASONS[reason])
