"""Dutch (and so French and English) words for roles and permissions."""

from __future__ import annotations

from server.staff.roles import ROLES, Permission, Role
from server.web.i18n import Translator
from shared.domain.messages import screen
from shared.domain.outcomes import Outcome


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


def role_can(_: Translator, role: Role) -> list[str]:
    """Return what a role may do, in the order of the table of permissions."""
    words = {
        Permission.FOLLOW_OWN_KIOSKS: _("de zuilen van de eigen balie volgen"),
        Permission.CHOOSE_EVENT: _("de activiteit van een zuil kiezen"),
        Permission.FOLLOW_KIOSKS: _("alle zuilen van de regio volgen"),
        Permission.MANAGE_KIOSKS: _("zuilen toevoegen, toewijzen en blokkeren"),
        Permission.ENROL_KIOSKS: _("een zuil aanmelden met een eenmalige code"),
        Permission.READ_DIFFERENCES: _("nazien waar zuil en server verschillen"),
    }
    return [word for permission, word in words.items() if permission in ROLES[role]]
