"""Who works in a place, on a page: the form to invite somebody, what is wrong with it, and who is there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from pydantic import BaseModel
from sqlmodel import Session

from server.kernel.addresses import is_email
from server.kernel.errors import ProblemError
from server.organisation.membership import (
    Deed,
    Member,
    Place,
    add_member,
    grantable,
    members,
    remove_member,
)
from server.organisation.places import find_member
from server.organisation.telling import tell_invited
from server.settings import Settings
from server.staff.roles import Role
from server.staff.sessions import Acting
from server.web.i18n import Translator
from server.web.words import role_word

LONGEST_NAME: Final = 80


class InviteForm(BaseModel):
    """What was typed to invite someone."""

    name: str = ""
    email: str = ""
    role: str = ""


def invite(
    session: Session, acting: Acting, place: Place, form: InviteForm, _: Translator, *, settings: Settings
) -> tuple[str, dict[str, str]]:
    """Give someone a function in a place; return how it went, or a sentence for each wrong field."""
    errors = _wrong(form, grantable(acting.post, place), _)
    if errors:
        return "", errors
    name, email, role = " ".join(form.name.split()), form.email.strip(), Role(form.role)
    if not add_member(session, place, role, name, Deed(acting.staff_id), email=email):
        return "had", {}
    now = datetime.now(UTC)
    is_told = tell_invited(session, settings, place, role, email, now=now, language=_.language)
    return "uitgenodigd-met-mail" if is_told else "uitgenodigd", {}


def dismiss(session: Session, acting: Acting, place: Place, role_id: int) -> Member:
    """Take someone's function in a place away; his sessions end at once.

    Raises:
        ProblemError: 404, he has none that this person may take.
        LastAdminError: there would be no administrator left.
    """
    member = find_member(session, place, role_id)
    if member is None or member.role not in grantable(acting.post, place):
        raise ProblemError(404, "This person does not work here.", type="zuil:member")
    remove_member(session, place, member, Deed(acting.staff_id))
    return member


def people_facts(
    session: Session,
    acting: Acting,
    place: Place,
    _: Translator,
    *,
    settings: Settings,
    form: InviteForm | None = None,
    errors: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, object]:
    """Return what a page shows of who works in a place."""
    roles = grantable(acting.post, place)
    return {
        "members": [(member, role_word(_, member.role)) for member in members(session, place)],
        "roles": [(role.value, role_word(_, role)) for role in roles],
        "form": form or InviteForm(),
        "errors": errors,
        "sends_mail": settings.has_mail,
    }


def _wrong(form: InviteForm, roles: tuple[Role, ...], _: Translator) -> dict[str, str]:
    errors = {}
    if not 0 < len(" ".join(form.name.split())) <= LONGEST_NAME:
        errors["name"] = _("Geef de naam van deze persoon, hoogstens {n} tekens.", n=LONGEST_NAME)
    if not is_email(form.email.strip()):
        errors["email"] = _("Dit is geen e-mailadres. Het lijkt op naam@voorbeeld.be.")
    if form.role not in roles:
        errors["role"] = _("Kies een functie uit de lijst.")
    return errors
