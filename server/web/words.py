"""Dutch (and so French and English) words for roles, permissions, outcomes and commands."""

from __future__ import annotations

from server.staff.roles import ROLES, Permission, Role
from server.web.i18n import Translator
from shared.domain.commands import CommandKind
from shared.domain.messages import screen
from shared.domain.modes import Mode
from shared.domain.outcomes import Outcome
from shared.domain.periods import Limit, Period


def role_word(_: Translator, role: Role) -> str:
    """Return what people call a role."""
    words = {
        Role.BALIE: _("Balie"),
        Role.COUNTER_ADMIN: _("Balie, beheerder"),
        Role.KSB: _("Kaartsysteembeheer (KSB)"),
        Role.TECHNICIAN: _("Technieker"),
        Role.ADMIN: _("Algemeen beheer"),
    }
    return words[role]


def outcome_word(_: Translator, outcome: Outcome) -> str:
    """Return an outcome in two or three words, those the zuil itself shows."""
    return _("Punt gespaard") if outcome is Outcome.OK else screen(outcome, _.language)[0]


def period_phrase(_: Translator, period: Period) -> str:
    """Return how often, after a number of times: `per dag`."""
    words = {
        Period.DAY: _("per dag"),
        Period.WEEK: _("per week"),
        Period.MONTH: _("per maand"),
        Period.QUARTER: _("per kwartaal"),
        Period.YEAR: _("per jaar"),
        Period.ABSOLUTE: _("in totaal"),
    }
    return words[period]


def limit_phrase(_: Translator, limit: Limit) -> str:
    """Return a limit: `1 keer per dag`."""
    times = _.plural("{n} keer", "{n} keer", limit.volume)
    return f"{times} {period_phrase(_, limit.period)}"


def role_can(_: Translator, role: Role) -> list[str]:
    """Return what a role may do, in the order of the table of permissions."""
    words = {
        Permission.FOLLOW_OWN_KIOSKS: _("de zuilen van de eigen balie volgen"),
        Permission.CHOOSE_EVENT: _("de activiteit van een zuil kiezen"),
        Permission.KEEP_STOCK: _("de kaarten van de eigen balie ontvangen"),
        Permission.SERVE_PASSHOLDERS: _("pashouders helpen, en ze registreren als de balie dat mag"),
        Permission.MANAGE_COLLEAGUES: _("collega's van de eigen balie toevoegen en verwijderen"),
        Permission.FOLLOW_KIOSKS: _("alle zuilen van de regio volgen"),
        Permission.MANAGE_KIOSKS: _("zuilen toevoegen, toewijzen en blokkeren"),
        Permission.ENROL_KIOSKS: _("een zuil aanmelden met een eenmalige code"),
        Permission.COMMAND_KIOSKS: _("een zuil op afstand nakijken en herstarten"),
        Permission.READ_DIFFERENCES: _("nazien waar zuil en server verschillen"),
        Permission.MAKE_CARD_SYSTEMS: _("kaartsystemen toevoegen"),
        Permission.MANAGE_CARD_SYSTEMS: _("een kaartsysteem beheren"),
        Permission.MANAGE_COUNTERS: _("balies toevoegen en beheren"),
        Permission.MANAGE_CARDS: _("kaarten laten drukken, in voorraad nemen en naar balies sturen"),
        Permission.SELL_TO_GROUPS: _("tickets aanrekenen met een groepspas, als de balie dat mag"),
        Permission.MANAGE_GROUP_PASSES: _("groepspassen beheren"),
        Permission.HAND_OUT_REWARDS: _("welkomstvoordelen meegeven"),
        Permission.MANAGE_REWARDS: _("welkomstvoordelen beheren"),
        Permission.MANAGE_PASSHOLDERS: _(
            "pashouders opzoeken, blokkeren en schorsen, en hoe balies registreren"
        ),
        Permission.MANAGE_PRICES: _("prijzen van kaarten en vouchers beheren"),
        Permission.SET_COUNTER_GROUPS: _("groepen van balies maken en hun rechten kiezen"),
        Permission.MANAGE_MEMBERS: _("mensen uitnodigen en verwijderen"),
        Permission.MANAGE_PARTNERS: _("programma's van partners toelaten"),
        Permission.SET_EVENTS: _("punten en limiet van activiteiten kiezen"),
        Permission.READ_LOGBOOK: _("het logboek lezen"),
        Permission.HANDLE_ALERTS: _("meldingen over zuilen opvolgen"),
        Permission.SET_WATCH_RULES: _("kiezen wanneer iets een melding is"),
        Permission.MANAGE_RELEASES: _("nieuwe versies van het programma uitrollen"),
    }
    return [word for permission, word in words.items() if permission in ROLES[role]]


def command_word(_: Translator, kind: CommandKind) -> str:
    """Return a command as it stands on its button."""
    words = {
        CommandKind.IDENTIFY: _("Laat ze knipperen"),
        CommandKind.SELF_TEST: _("Laat ze zichzelf nakijken"),
        CommandKind.SHOW_SCREEN: _("Toon haar scherm"),
        CommandKind.SEND_LOGS: _("Vraag haar logregels"),
        CommandKind.RESYNC: _("Haal alle kaarten opnieuw"),
        CommandKind.RESTART: _("Herstart het programma"),
        CommandKind.REBOOT: _("Herstart het toestel"),
        CommandKind.ROTATE_KEY: _("Vernieuw haar sleutel"),
        CommandKind.WIPE: _("Wis de zuil"),
    }
    return words[kind]


def command_button(_: Translator, kind: CommandKind) -> str:
    """Return the one word on the button beside a command."""
    words = {
        CommandKind.IDENTIFY: _("Knipperen"),
        CommandKind.SELF_TEST: _("Nakijken"),
        CommandKind.SHOW_SCREEN: _("Tonen"),
        CommandKind.SEND_LOGS: _("Opvragen"),
        CommandKind.RESYNC: _("Ophalen"),
        CommandKind.RESTART: _("Herstarten"),
        CommandKind.REBOOT: _("Toestel herstarten"),
        CommandKind.ROTATE_KEY: _("Vernieuwen"),
        CommandKind.WIPE: _("Wissen"),
    }
    return words[kind]


def command_purpose(_: Translator, kind: CommandKind) -> str:
    """Return what a command is good for, one sentence."""
    words = {
        CommandKind.IDENTIFY: _("De zuil knippert, piept en toont haar naam."),
        CommandKind.SELF_TEST: _("Lezer, scherm, lampjes, opslag, kaarten, klok en verbinding."),
        CommandKind.SHOW_SCREEN: _("Het beeld dat er nu echt op staat."),
        CommandKind.SEND_LOGS: _("De laatste 500 regels, zonder gegevens van mensen."),
        CommandKind.RESYNC: _("Als je twijfelt of ze elke kaart kent. Tikken gaat intussen door."),
        CommandKind.RESTART: _("Enkele tellen kan niemand tikken."),
        CommandKind.REBOOT: _("Een minuut lang kan niemand tikken."),
        CommandKind.ROTATE_KEY: _(
            "Met haar sleutel bewijst de zuil wie ze is. Ze haalt zelf een nieuwe op; de oude werkt tot dan."
        ),
        CommandKind.WIPE: _(
            "Ze geeft haar tikken af, wist haar sleutels en kaarten en heeft dan een nieuwe code nodig."
        ),
    }
    return words[kind]


def mode_word(_: Translator, mode: Mode) -> str:
    """Return what a zuil in this mode is for."""
    return {Mode.CHECKIN: _("punten sparen")}[mode]
