"""The form of a permission group, and its rights in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from pydantic import BaseModel

from server.cardsystems.groups import GroupFacts
from server.cardsystems.models import PermissionGroup
from server.cardsystems.rights import CounterRight
from server.web.i18n import Translator

LONGEST_NAME: Final = 80


class GroupForm(BaseModel):
    """What was typed and ticked."""

    name: str = ""
    right: list[str] = []
    is_default: str = ""
    is_school: str = ""


def right_words(_: Translator) -> Mapping[CounterRight, str]:
    """Return what a counter with a right may do, in the order of the form."""
    return {
        CounterRight.CHECK_IN: _("Punten laten sparen"),
        CounterRight.GIVE_REWARDS: _("Voordelen geven"),
        CounterRight.SELL_TICKETS: _("Tickets aan kansentarief verkopen"),
        CounterRight.REGISTER: _("Pashouders registreren"),
        CounterRight.GRANT_SOCIAL_TARIFF: _("Kansenstatuut toekennen (en dus ook registreren)"),
        CounterRight.REGISTER_WITHOUT_INSZ: _("Registreren zonder rijksregisternummer"),
        CounterRight.REGISTER_ELSEWHERE: _("Pashouders uit een andere gemeente registreren"),
        CounterRight.REGISTER_ABROAD: _("Pashouders uit het buitenland registreren"),
    }


def form_of(facts: GroupFacts) -> GroupForm:
    """Return the form filled in with what a group is."""
    return GroupForm(
        name=facts.name,
        right=sorted(facts.rights),
        is_default="yes" if facts.is_default else "",
        is_school="yes" if facts.is_school else "",
    )


def read_form(
    form: GroupForm, others: Sequence[PermissionGroup], _: Translator, *, must_be_default: bool
) -> tuple[GroupFacts | None, Mapping[str, str]]:
    """Return what was meant, or None and a sentence for each field that is wrong.

    others: the other groups of the card system. must_be_default: it is the default group, and stays
    it until another becomes so.
    """
    name = " ".join(form.name.split())
    known = {right.value for right in CounterRight}
    errors = {}
    if not 0 < len(name) <= LONGEST_NAME:
        errors["name"] = _("Geef de groep een naam van hoogstens {n} tekens.", n=LONGEST_NAME)
    elif any(one.name.casefold() == name.casefold() for one in others):
        errors["name"] = _("Er is al een groep met deze naam.")
    if not known.issuperset(form.right):
        errors["right"] = _("Kies rechten uit de lijst.")
    if errors:
        return None, errors
    rights = frozenset(map(CounterRight, form.right))
    is_default = must_be_default or form.is_default == "yes"
    return GroupFacts(name, rights, is_default, form.is_school == "yes"), {}
