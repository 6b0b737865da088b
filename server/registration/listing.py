"""Lists of pashouders by what is known of them, for programs (json-api 4, GET /passholders)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, text
from sqlalchemy.orm import Mapped
from sqlmodel import Session, col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from server.kernel.database import database_of
from server.passholders.models import Membership, Passholder, PassholderDetails, PassholderSchool
from server.passholders.names import words_of
from server.passholders.namesearch import named

ANY: Final = "*"
_ESCAPE: Final = "\\"


@dataclass(frozen=True)
class Wanted:
    """Whom to list: members of `systems` for whom all that is said holds.

    name: parts of names. email, street, city: whole, with `*` for any text. born_from, born_to:
    inclusive. at_school: of any school; school: the counter that it is. is_backwards: by name from Z to A.
    """

    systems: Collection[int]
    name: str = ""
    email: str = ""
    street: str = ""
    city: str = ""
    born_from: date | None = None
    born_to: date | None = None
    at_school: bool = False
    school: int | None = None
    is_backwards: bool = False


class Listed(NamedTuple):
    """Some of the people, and how many there are in all."""

    total: int
    people: Sequence[Passholder]


def list_people(session: Session, wanted: Wanted, *, start: int = 0, most: int) -> Listed:
    """Return who is wanted, by last name, from the `start`-th on."""
    if database_of(session).is_postgresql:
        # What is asked differs each time, and so does the quickest way to it.
        session.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))
    words = words_of(wanted.name)
    query = named(select(Passholder), words, wanted.systems)
    if not words:
        members = select(Membership.passholder_ref).where(col(Membership.card_system_id).in_(wanted.systems))
        query = query.where(col(Passholder.ref).in_(members))
    filters = [*_details(wanted), *_born(wanted), *_pupils(wanted)]
    query = query.where(*filters)
    counted = query.with_only_columns(func.count()) if words or filters else _all_of(wanted.systems)
    total: int = session.execute(counted).scalar_one()
    by: list[Any] = [
        col(Passholder.last_name),
        col(Passholder.first_name),
        col(Passholder.ref),
    ]
    if words or filters:
        # Not along the index, which would try everybody for the few that are wanted.
        by[0] = func.coalesce(by[0], "")
    ordered = query.order_by(*(one.desc() if wanted.is_backwards else one for one in by))
    return Listed(total, session.exec(ordered.offset(start).limit(most)).all())


def _all_of(systems: Collection[int]) -> SelectOfScalar[int]:
    """Return what counts everybody: along one index, without looking anybody up."""
    member = col(Membership.passholder_ref)
    each = func.count() if len(systems) == 1 else func.count(member.distinct())
    return select(each).select_from(Membership).where(col(Membership.card_system_id).in_(systems))


def _details(wanted: Wanted) -> list[ColumnElement[bool]]:
    fits = [
        *_fits(col(PassholderDetails.email), wanted.email),
        *_fits(col(PassholderDetails.street), wanted.street),
        *_fits(col(PassholderDetails.municipality), wanted.city),
    ]
    if not fits:
        return []
    return [col(Passholder.ref).in_(select(PassholderDetails.passholder_ref).where(*fits))]


def _fits(field: Mapped[Any], text: str) -> list[ColumnElement[bool]]:
    text = text.strip()
    if not text:
        return []
    if ANY not in text:
        # As it was typed, or in small letters: an index finds those at once.
        return [field.in_([text, text.lower(), text.capitalize()])]
    plain = text.replace(_ESCAPE, _ESCAPE * 2).replace("%", r"\%").replace("_", r"\_")
    return [field.ilike(plain.replace(ANY, "%"), escape=_ESCAPE)]


def _born(wanted: Wanted) -> list[ColumnElement[bool]]:
    born = col(Passholder.birth_date)
    since = [] if wanted.born_from is None else [born >= wanted.born_from]
    return since if wanted.born_to is None else [*since, born <= wanted.born_to]


def _pupils(wanted: Wanted) -> list[ColumnElement[bool]]:
    if not wanted.at_school:
        return []
    pupils = select(PassholderSchool.passholder_ref)
    if wanted.school is not None:
        pupils = pupils.where(PassholderSchool.counter_id == wanted.school)
    return [col(Passholder.ref).in_(pupils)]
