"""Tell somebody that he is in a family now, and let him leave it by himself (rules 4.18)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session

from server.families.models import FamilyMember
from server.kernel.notes import open_note, seal_note
from server.kernel.outbox import put_mail
from server.passholders.models import Passholder, PassholderDetails
from server.web.i18n import translator
from shared.domain.zones import to_millis

LEAVE: Final = timedelta(days=365)
"""How long the link in the mail lets somebody leave."""
_PURPOSE: Final = "leave-family"


def tell_relative(session: Session, added: FamilyMember, now: datetime, address: str) -> bool:
    """Write a mail to who was taken into a family; False when he has no address of his own.

    address: scheme and host of the link.
    """
    details = session.get(PassholderDetails, added.member_ref)
    of_main = session.get(PassholderDetails, added.main_ref)
    if details is None or not details.email or (of_main is not None and of_main.email == details.email):
        return False
    main, member = (session.get_one(Passholder, ref) for ref in (added.main_ref, added.member_ref))
    _ = translator(member.language)
    link = f"{address}/gezin/{leave_token(session, added, now)}"
    lines = (
        _("Dag {name},", name=member.first_name),
        _(
            "{who} nam je op in het gezin op zijn of haar UiTPAS, en kan nu ook voor jou punten sparen.",
            who=f"{main.first_name} {main.last_name}",
        ),
        _("Wil je dat niet? Haal jezelf er hier uit:"),
        link,
    )
    put_mail(
        session,
        details.email,
        _("Je staat in een gezin op UiTPAS"),
        "\n\n".join(lines) + "\n",
        kind="family",
        now=to_millis(now),
    )
    return True


def leave_token(session: Session, added: FamilyMember, now: datetime) -> str:
    """Return a token with which somebody leaves a family."""
    content = [added.main_ref, added.member_ref, to_millis(added.added_at)]
    return seal_note(session, _PURPOSE, content, now + LEAVE)


def who_leaves(session: Session, token: str, now: datetime) -> FamilyMember | None:
    """Return whom a token lets leave; None when it is none, or he left already."""
    content = open_note(session, _PURPOSE, token, now)
    if content is None:
        return None
    main_ref, member_ref, added = content
    found = session.get(FamilyMember, (main_ref, member_ref))
    return found if found is not None and to_millis(found.added_at) == added else None
