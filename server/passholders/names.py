"""How people are found by a part of their name, accents and capitals ignored."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from typing import Final

from sqlalchemy import Select, delete, func, union_all
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from server.passholders.models import Membership, NameWord, Passholder

_APART: Final = re.compile(r"[^0-9a-z]+")
APOSTROPHES: Final = "'`\u00b4\u2018\u2019\u02bc"
"""As keyboards and programs write them."""
_APOSTROPHE: Final = re.compile(f"[{APOSTROPHES}]")
_NOT_DECOMPOSED: Final = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ß": "ss"})
_AFTER: Final = "{"
"""Sorts after every letter and digit of a folded word."""
_MANY: Final = 10_000
"""Of two words that both begin so many names, either will do to begin with."""


def words_of(text: str) -> list[str]:
    """Return the words of a name as they are compared: without accents, capitals, hyphens and apostrophes."""
    plain = unicodedata.normalize("NFKD", text.casefold()).translate(_NOT_DECOMPOSED)
    letters = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return list(dict.fromkeys(filter(None, _APART.split(letters))))


def name_words(text: str) -> list[str]:
    """Return the words a name is found by: O'Brien by brien, and as it is typed in a hurry, by obrien."""
    return list(dict.fromkeys([*words_of(text), *words_of(_APOSTROPHE.sub("", text))]))


def index_name(session: Session, holder: Passholder) -> None:
    """Have a pashouder found by the names he has now, where he is a member now."""
    session.execute(delete(NameWord).where(col(NameWord.passholder_ref) == holder.ref))
    systems = session.exec(select(Membership.card_system_id).where(Membership.passholder_ref == holder.ref))
    words = name_words(f"{holder.first_name} {holder.last_name}")
    session.add_all(
        NameWord(card_system_id=system, word=word, passholder_ref=holder.ref or 0)
        for system in systems
        for word in words
    )


def find_by_name(session: Session, text: str, systems: Iterable[int], most: int) -> list[Passholder]:
    """Return members of `systems` with names that begin with the words of `text`, at most `most`, by name."""
    words, wanted = words_of(text), list(systems)
    if not words or not wanted:
        return []
    if len(words) > 1:
        words.sort(key=lambda word: _how_many(session, word, wanted))
    query = union_all(*(_members(system, words[0], words[1:], most) for system in wanted))
    people = select(Passholder).where(col(Passholder.ref).in_(session.execute(query).scalars().all()))
    # A short beginning fits half the country: the first that are found, then put in order.
    by_name = sorted(
        session.exec(people),
        key=lambda one: (words_of(one.last_name), words_of(one.first_name), one.birth_date),
    )
    return by_name[:most]


def _how_many(session: Session, word: str, systems: list[int]) -> int:
    """Return how many words of names begin so, as far as it matters."""
    begins = col(NameWord.word).between(word, word + _AFTER)
    some = select(NameWord.word).where(col(NameWord.card_system_id).in_(systems), begins).limit(_MANY)
    return session.exec(select(func.count()).select_from(some.subquery())).one()


def _members(system: int, rarest: str, others: list[str], most: int) -> Select[tuple[int]]:
    """Return what finds members with a name that begins with `rarest`, and names that begin with `others`.

    It goes along the index and looks each up, so that it stops at the last that is wanted: a join
    would first fetch everybody with a common name.
    """
    found = select(NameWord.passholder_ref).where(
        NameWord.card_system_id == system, col(NameWord.word).between(rarest, rarest + _AFTER)
    )
    for word in others:
        other = aliased(NameWord)
        looked_up = (
            select(other.passholder_ref)
            .where(
                other.passholder_ref == NameWord.passholder_ref,
                other.card_system_id == NameWord.card_system_id,
                col(other.word).between(word, word + _AFTER),
            )
            .limit(1)
            .scalar_subquery()
        )
        found = found.where(looked_up.is_not(None))
    first = found.order_by(col(NameWord.word), col(NameWord.passholder_ref)).limit(most).subquery()
    return select(first.c.passholder_ref)


def named(
    query: SelectOfScalar[Passholder], words: Iterable[str], systems: Collection[int]
) -> SelectOfScalar[Passholder]:
    """Return a query for those of its pashouders in `systems` whose names begin with these folded words."""
    for word in words:
        beginning = col(NameWord.word).between(word, word + _AFTER)
        here = col(NameWord.card_system_id).in_(systems)
        query = query.where(col(Passholder.ref).in_(select(NameWord.passholder_ref).where(here, beginning)))
    return query
