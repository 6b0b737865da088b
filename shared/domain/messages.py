"""What people are told, in plain Dutch, French and English (`domain/messages.md` §1).

`message` gives the full sentence for a page or an API answer, `screen` the two short lines for a
zuil. The words of `domain/messages.md` are meanings; these are ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from shared.domain.outcomes import Outcome
from shared.domain.periods import Limit, Period
from shared.domain.zones import BRUSSELS, local_day

LANGUAGES: Final = ("nl", "fr", "en")

_Text = Mapping[str, str]


def message(
    outcome: Outcome,
    language: str,
    *,
    points: int = 0,
    total: int = 0,
    limit: Limit | None = None,
    opens: datetime | None = None,
    now: datetime | None = None,
) -> str:
    """Return the sentence for an outcome.

    points: just earned; total: the balance now; limit: the one that was reached; opens and now:
    when saving becomes possible, told as an hour when that is today.
    """
    language = _known(language)
    several = "few" if outcome is Outcome.OK and points != 1 else ""
    if outcome is Outcome.TOO_EARLY and opens is None:
        outcome = Outcome.NO_EVENT
    if outcome is Outcome.MAXIMUM_REACHED and limit is None:
        several = "plain"
    text = _SENTENCES[f"{outcome}.{several}" if several else outcome.value][language]
    return text.format(
        points=points,
        balance=counted_points(total, language),
        n=limit.volume if limit else 0,
        times="1 time" if limit and limit.volume == 1 else f"{limit.volume if limit else 0} times",
        period=per_period(limit.period, language) if limit else "",
        date=moment(opens, now or opens, language) if opens else "",
    )


def screen(
    outcome: Outcome,
    language: str,
    *,
    points: int = 0,
    total: int = 0,
    opens: datetime | None = None,
    now: datetime | None = None,
) -> tuple[str, str]:
    """Return the headline (at most 20 characters) and the second line (at most 24) for a zuil's display."""
    language = _known(language)
    headline, second = _SCREENS[outcome][language]
    if outcome is Outcome.TOO_EARLY and opens is not None:
        second = {"nl": "vanaf {}", "fr": "à partir de {}", "en": "from {}"}[language].format(
            short_moment(opens, now or opens)
        )
    return headline.format(points=points), second.format(total=total)


def counted_points(points: int, language: str) -> str:
    """Return a balance in words: "1 punt", "0 point", "12 points"."""
    language = _known(language)
    is_one = points in (0, 1) if language == "fr" else points == 1
    one, more = {"nl": ("punt", "punten"), "fr": ("point", "points"), "en": ("point", "points")}[language]
    return f"{points} {one if is_one else more}"


def per_period(period: Period, language: str) -> str:
    """Return how often a limit counts: "per dag", "par semaine", "in total"."""
    if period is Period.ABSOLUTE:
        return {"nl": "in totaal", "fr": "au total", "en": "in total"}[_known(language)]
    per = {"nl": "per", "fr": "par", "en": "per"}[_known(language)]
    return f"{per} {_PERIODS[period][_known(language)]}"


def moment(at: datetime, now: datetime, language: str) -> str:
    """Return an instant as people say it, in Brussels time: the hour when it is today, else day and hour."""
    language = _known(language)
    local = at.astimezone(BRUSSELS)
    hour = {"nl": f"{local:%H.%M} uur", "fr": f"{local:%H}h{local:%M}", "en": f"{local:%H:%M}"}[language]
    if local_day(at) == local_day(now):
        return hour
    day = f"{_DAYS[language][local.weekday()]} {local.day} {_MONTHS[language][local.month - 1]}"
    if local.year != now.astimezone(BRUSSELS).year:
        day = f"{day} {local.year}"
    return f"{day} {_AT[language]} {hour}"


def short_moment(at: datetime, now: datetime) -> str:
    """Return an instant for a small screen: "14:00" today, else "03/12 14:00"."""
    local = at.astimezone(BRUSSELS)
    return f"{local:%H:%M}" if local_day(at) == local_day(now) else f"{local:%d/%m %H:%M}"


def _known(language: str) -> str:
    return language if language in LANGUAGES else "nl"


def _texts(nl: str, fr: str, en: str) -> _Text:
    return {"nl": nl, "fr": fr, "en": en}


def _lines(nl: tuple[str, str], fr: tuple[str, str], en: tuple[str, str]) -> Mapping[str, tuple[str, str]]:
    return {"nl": nl, "fr": fr, "en": en}


_AT: Final = {"nl": "om", "fr": "à", "en": "at"}
_DAYS: Final = {
    "nl": ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag"),
    "fr": ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_MONTHS: Final = {
    "nl": [
        "januari",
        "februari",
        "maart",
        "april",
        "mei",
        "juni",
        "juli",
        "augustus",
        "september",
        "oktober",
        "november",
        "december",
    ],
    "fr": [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ],
    "en": [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
}
_PERIODS: Final = {
    Period.DAY: _texts("dag", "jour", "day"),
    Period.WEEK: _texts("week", "semaine", "week"),
    Period.MONTH: _texts("maand", "mois", "month"),
    Period.QUARTER: _texts("kwartaal", "trimestre", "quarter"),
    Period.YEAR: _texts("jaar", "an", "year"),
}

_SENTENCES: Final[Mapping[str, _Text]] = {
    "ok": _texts(
        "Je hebt er een punt bij. Je hebt nu {balance}.",
        "Vous avez gagné un point. Votre solde est maintenant de {balance}.",
        "You earned a point. You now have {balance}.",
    ),
    "ok.few": _texts(
        "Je hebt er {points} punten bij. Je hebt nu {balance}.",
        "Vous avez gagné {points} points. Votre solde est maintenant de {balance}.",
        "You earned {points} points. You now have {balance}.",
    ),
    "maximum_reached": _texts(
        "Je spaarde hier al: {n} keer {period} is het maximum. Je houdt {balance}.",
        "Vous avez déjà épargné ici : le maximum est de {n} fois {period}. Vous gardez {balance}.",
        "You already saved here: {times} {period} is the maximum. You keep {balance}.",
    ),
    "maximum_reached.plain": _texts(
        "Je spaarde hier al. Je houdt {balance}.",
        "Vous avez déjà épargné ici. Vous gardez {balance}.",
        "You already saved here. You keep {balance}.",
    ),
    "too_early": _texts(
        "Je bent wat vroeg: sparen kan hier vanaf {date}.",
        "C'est un peu tôt : vous pourrez épargner ici à partir de {date}.",
        "You are a little early: saving starts here from {date}.",
    ),
    "ended": _texts(
        "Deze activiteit is afgelopen. Sparen kan niet meer.",
        "Cette activité est terminée. Il n'est plus possible d'épargner.",
        "This activity is over. Saving is no longer possible.",
    ),
    "card_deleted": _texts(
        "Deze UiTPAS bestaat niet meer. Vraag raad aan de balie.",
        "Cet UiTPAS n'existe plus. Demandez conseil au guichet.",
        "This UiTPAS no longer exists. Please ask at the desk.",
    ),
    "card_blocked": _texts(
        "Deze UiTPAS is geblokkeerd. Met een andere kaart op jouw naam kan je wel sparen.",
        "Cet UiTPAS est bloqué. Une autre carte à votre nom fonctionne bien.",
        "This UiTPAS is blocked. Another card in your name will work.",
    ),
    "card_not_in_use": _texts(
        "Deze kaart staat nog op niemands naam. Laat ze eerst registreren aan een balie.",
        "Cette carte n'est encore au nom de personne. Faites-la d'abord enregistrer à un guichet.",
        "This card is in nobody's name yet. Have it registered at a desk first.",
    ),
    "unknown_card": _texts(
        "We kennen deze UiTPAS niet. Probeer opnieuw of typ het nummer in.",
        "Nous ne connaissons pas cet UiTPAS. Réessayez ou tapez le numéro.",
        "We do not know this UiTPAS. Try again or type its number.",
    ),
    "malformed_number": _texts(
        "Een UiTPAS-nummer telt 13 cijfers. Kijk het nummer op je kaart nog eens na.",
        "Un numéro UiTPAS compte 13 chiffres. Vérifiez le numéro sur votre carte.",
        "A UiTPAS number has 13 digits. Please check the number on your card.",
    ),
    "social_tariff_expired": _texts(
        "Je kansenstatuut is verlopen. Verleng het aan een balie, dan spaar je weer verder.",
        "Votre droit au tarif réduit a expiré. Prolongez-le à un guichet pour continuer à épargner.",
        "Your right to the social tariff has expired. Renew it at a desk to go on saving.",
    ),
    "no_membership": _texts(
        "Je UiTPAS hoort op dit moment bij geen enkele regio. Vraag raad aan de balie.",
        "Votre UiTPAS n'appartient actuellement à aucune région. Demandez conseil au guichet.",
        "Your UiTPAS belongs to no region at the moment. Please ask at the desk.",
    ),
    "group_pass": _texts(
        "Een groepspas spaart geen punten.",
        "Un pass de groupe n'épargne pas de points.",
        "A group pass does not save points.",
    ),
    "counter_not_allowed": _texts(
        "Jouw balie kan voor deze activiteit geen punten geven.",
        "Votre guichet ne peut pas donner de points pour cette activité.",
        "Your desk cannot give points for this activity.",
    ),
    "no_event": _texts(
        "Er loopt hier nu geen activiteit waarvoor je kan sparen.",
        "Aucune activité ne permet d'épargner ici en ce moment.",
        "There is no activity here to save for right now.",
    ),
    "code_invalid": _texts(
        "Deze code kennen we niet. Scan de code die nu op de zuil of de affiche staat.",
        "Nous ne connaissons pas ce code. Scannez le code affiché sur la borne ou l'affiche.",
        "We do not know this code. Scan the code now on the pillar or poster.",
    ),
    "code_expired": _texts(
        "Deze code is niet meer geldig. Scan de code op de zuil opnieuw.",
        "Ce code n'est plus valable. Scannez à nouveau le code de la borne.",
        "This code is no longer valid. Scan the code on the pillar again.",
    ),
    "rate_limited": _texts(
        "Even geduld: er waren te veel pogingen. Probeer het over enkele minuten opnieuw.",
        "Un peu de patience : trop d'essais. Réessayez dans quelques minutes.",
        "One moment please: there were too many attempts. Try again in a few minutes.",
    ),
    "technical": _texts(
        "Er ging iets mis bij ons. Probeer het zo meteen opnieuw.",
        "Un problème est survenu chez nous. Réessayez dans un instant.",
        "Something went wrong on our side. Try again in a moment.",
    ),
    "queued_unknown": _texts(
        "We noteren je bezoek. Zodra we je kaart kennen, krijg je je punt.",
        "Nous notons votre visite. Vous recevrez votre point dès que votre carte est connue.",
        "We have noted your visit. You get your point as soon as we know your card.",
    ),
    "unreadable_card": _texts(
        "De kaart was te snel weg. Hou ze even stil tegen de lezer.",
        "La carte est partie trop vite. Tenez-la un instant contre le lecteur.",
        "The card was gone too soon. Hold it still against the reader.",
    ),
    "foreign_card": _texts(
        "Dit is geen UiTPAS. Hou alleen je UiTPAS tegen de lezer.",
        "Ceci n'est pas un UiTPAS. Tenez uniquement votre UiTPAS contre le lecteur.",
        "This is not a UiTPAS. Hold only your UiTPAS against the reader.",
    ),
    "two_cards": _texts(
        "Er liggen twee kaarten op de lezer. Hou ze er één voor één tegen.",
        "Il y a deux cartes sur le lecteur. Présentez-les une à la fois.",
        "There are two cards on the reader. Hold them one at a time.",
    ),
}

_DESK: Final = ("Vraag de balie", "Demandez au guichet", "Please ask the desk")


def _desk(nl: str, fr: str, en: str) -> Mapping[str, tuple[str, str]]:
    return _lines((nl, _DESK[0]), (fr, _DESK[1]), (en, _DESK[2]))


_SCREENS: Final[Mapping[Outcome, Mapping[str, tuple[str, str]]]] = {
    Outcome.OK: _lines(
        ("+{points}", "totaal {total}"), ("+{points}", "total {total}"), ("+{points}", "total {total}")
    ),
    Outcome.MAXIMUM_REACHED: _lines(
        ("Al gespaard", "totaal {total}"),
        ("Déjà épargné", "total {total}"),
        ("Already saved", "total {total}"),
    ),
    Outcome.TOO_EARLY: _lines(
        ("Nog niet open", "Kom straks terug"),
        ("Pas encore ouvert", "Revenez plus tard"),
        ("Not open yet", "Come back later"),
    ),
    Outcome.ENDED: _lines(
        ("Afgelopen", "Sparen kan niet meer"),
        ("Terminé", "Épargne finie"),
        ("It is over", "Saving has ended"),
    ),
    Outcome.CARD_DELETED: _desk("Kaart ongeldig", "Carte non valable", "Card not valid"),
    Outcome.CARD_BLOCKED: _desk("Kaart geblokkeerd", "Carte bloquée", "Card blocked"),
    Outcome.CARD_NOT_IN_USE: _desk("Nog niet op naam", "Pas encore à un nom", "Not registered"),
    Outcome.UNKNOWN_CARD: _desk("Onbekende kaart", "Carte inconnue", "Unknown card"),
    Outcome.MALFORMED_NUMBER: _desk("Nummer klopt niet", "Numéro incorrect", "Wrong number"),
    Outcome.SOCIAL_TARIFF_EXPIRED: _desk("Statuut verlopen", "Droit expiré", "Right expired"),
    Outcome.NO_MEMBERSHIP: _desk("Geen regio", "Aucune région", "No region"),
    Outcome.GROUP_PASS: _lines(
        ("Groepspas", "spaart geen punten"),
        ("Pass de groupe", "sans points"),
        ("Group pass", "saves no points"),
    ),
    Outcome.COUNTER_NOT_ALLOWED: _desk("Kan hier niet", "Pas possible ici", "Not possible here"),
    Outcome.NO_EVENT: _lines(
        ("Nu geen activiteit", "Hier kan je nu niet sparen"),
        ("Aucune activité", "Pas d'épargne ici"),
        ("No activity now", "No saving here now"),
    ),
    Outcome.CODE_INVALID: _desk("Code onbekend", "Code inconnu", "Unknown code"),
    Outcome.CODE_EXPIRED: _lines(
        ("Code vervallen", "Scan opnieuw"),
        ("Code expiré", "Scannez à nouveau"),
        ("Code expired", "Scan again"),
    ),
    Outcome.RATE_LIMITED: _lines(
        ("Even geduld", "Probeer straks opnieuw"),
        ("Patience", "Réessayez plus tard"),
        ("One moment", "Try again later"),
    ),
    Outcome.TECHNICAL: _lines(
        ("Storing", "Je punt is niet bewaard"),
        ("Panne", "Point pas enregistré"),
        ("Out of order", "Point not saved"),
    ),
    Outcome.QUEUED_UNKNOWN: _lines(
        ("Genoteerd", "Je punt volgt"), ("C'est noté", "Votre point suit"), ("Noted", "Your point follows")
    ),
    Outcome.UNREADABLE_CARD: _lines(
        ("Te snel weg", "Hou je kaart even stil"),
        ("Trop rapide", "Tenez la carte"),
        ("Too quick", "Hold your card still"),
    ),
    Outcome.FOREIGN_CARD: _lines(
        ("Geen UiTPAS", "Hou je UiTPAS hier"),
        ("Pas un UiTPAS", "Présentez votre UiTPAS"),
        ("Not a UiTPAS", "Hold your UiTPAS here"),
    ),
    Outcome.TWO_CARDS: _lines(
        ("Twee kaarten", "Eén voor één graag"),
        ("Deux cartes", "Une à la fois"),
        ("Two cards", "One at a time"),
    ),
}
