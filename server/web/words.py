"""Dutch (and so French and English) words for roles and permissions."""

from __future__ import annotations

from server.staff.roles import ROLES, Permission, Role
from server.web.i18n import Translator
from shared.domain.messages import screen
from shared.domain.modes import Mode
from shared.domain.outcomes import Outcome
from shared.domain.periods import Limit, Period


def role_word(_: Translator, role: Role) -> str:
    """Return what people call a role."""
    words = {
        Role.BALIE: _("Balie"),
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
        Permission.FOLLOW_KIOSKS: _("alle zuilen van de regio volgen"),
        Permission.MANAGE_KIOSKS: _("zuilen toevoegen, toewijzen en blokkeren"),
        Permission.ENROL_KIOSKS: _("een zuil aanmelden met een eenmalige code"),
        Permission.READ_DIFFERENCES: _("nazien waar zuil en server verschillen"),
        Permission.MAKE_CARD_SYSTEMS: _("kaartsystemen toevoegen"),
        Permission.MANAGE_CARD_SYSTEMS: _("een kaartsysteem beheren"),
        Permission.MANAGE_COUNTERS: _("balies toevoegen en beheren"),
        Permission.MANAGE_MEMBERS: _("mensen uitnodigen en verwijderen"),
        Permission.SET_EVENTS: _("punten en limiet van activiteiten kiezen"),
        Permission.READ_LOGBOOK: _("het logboek lezen"),
    }
    return [word for permission, word in words.items() if permission in ROLES[role]]


def mode_word(_: Translator, mode: Mode) -> str:
    """Return what a zuil in this mode is for."""
    return {Mode.CHECKIN: _("punten sparen")}[mode]
