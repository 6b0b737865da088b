"""People are found by a part of their name, accents and capitals ignored."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Final

from sqlalchemy import ColumnElement, and_, func, union_all
from sqlalchemy.orm import Mapped, aliased
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from server.passholders.models import NamePart, NameWord, Passholder
from server.passholders.names import SHORTEST, words_of

_AFTER: Final = "{"
"""Sorts after every letter and digit of a folded word."""
_MANY: Final = 5_000
"""Of two words that are both in so many names, either will do to begin with."""
_TWICE: Final = 2
"""A person may have two names that fit."""


def find_by_name(session: Session, typed: str, systems: Iterable[int], most: int) -> list[Passholder]:
    """Return members of `systems` with the words of `typed` in their names, at most `most`.

    By name, first those whose names begin so: with fewer than `most` of them also who has the words, of
    three letters or more, anywhere in his names.
    """
    words, wanted = words_of(typed), list(systems)
    first = _refs(session, words, wanted, most, begins)
    others: set[int] = set()
    if len(first) < most and any(len(word) >= SHORTEST for word in words):
        others = _refs(session, words, wanted, most, is_in) - first
    return [*_by_name(session, first, most), *_by_name(session, others, most)][:most]


def find_by_beginning(session: Session, typed: str, systems: Iterable[int], most: int) -> list[Passholder]:
    """Return members of `systems` whose names begin with the words of `typed`, at most `most`, by name."""
    return _by_name(session, _refs(session, words_of(typed), list(systems), most, begins), most)


def named(
    query: SelectOfScalar[Passholder], words: Iterable[str], systems: Collection[int]
) -> SelectOfScalar[Passholder]:
    """Return a query for those of its pashouders in `systems` who have these folded words in their names."""
    for word in words:
        ways = (way.order_by(None) for way in _ways(word, systems, is_in))
        query = query.where(col(Passholder.ref).in_(union_all(*ways)))
    return query


Fits = Callable[[Mapped[str], str], ColumnElement[bool]]
"""Whether a name fits a word that was typed."""


def begins(name: Mapped[str], word: str) -> ColumnElement[bool]:
    """Tell whether a name begins with a folded word."""
    return name.between(word, word + _AFTER)


def is_in(name: Mapped[str], word: str) -> ColumnElement[bool]:
    """Tell whether a folded word is anywhere in a name; a short one, at its beginning."""
    return name.contains(word) if len(word) >= SHORTEST else begins(name, word)


def _refs(session: Session, words: list[str], systems: list[int], most: int, fits: Fits) -> set[int]:
    """Return `most` members with all words in their names, or as many as there are."""
    if not words or not systems:
        return set()
    rarest, *others = (
        sorted(words, key=lambda word: _how_many(session, word, systems, fits)) if words[1:] else words
    )
    found = (
        _fitting(way, others, fits).limit(_TWICE * most).subquery()
        for system in systems
        for way in _ways(rarest, [system], fits)
    )
    query = union_all(*(select(one.c.passholder_ref) for one in found))
    return set(session.execute(query).scalars())


def _ways(word: str, systems: Collection[int], fits: Fits) -> list[SelectOfScalar[int]]:
    """Return what finds members with a word in their names: at the beginning, and further on.

    Each goes along an index, so that it can stop at the last that is wanted.
    """
    here = col(NameWord.card_system_id).in_(systems)
    first = select(NameWord.passholder_ref).where(here, begins(col(NameWord.word), word))
    first = first.order_by(col(NameWord.word), col(NameWord.passholder_ref))
    if fits is begins or len(word) < SHORTEST:
        return [first]
    joined = and_(
        col(NameWord.card_system_id) == NamePart.card_system_id, col(NameWord.word) == NamePart.word
    )
    further = (
        select(NameWord.passholder_ref)
        .join(NamePart, joined)
        .where(col(NamePart.card_system_id).in_(systems), begins(col(NamePart.part), word))
        # Not by who it is too: that would first fetch everybody with the first of these names.
        .order_by(col(NamePart.part), col(NamePart.word))
    )
    return [first, further]


def _fitting(query: SelectOfScalar[int], words: list[str], fits: Fits) -> SelectOfScalar[int]:
    """Return a query for those of its members who have these words in their names too.

    It looks each of them up: a join would first fetch everybody with a common name.
    """
    for word in words:
        other = aliased(NameWord)
        looked_up = (
            select(other.passholder_ref)
            .where(
                other.passholder_ref == NameWord.passholder_ref,
                other.card_system_id == NameWord.card_system_id,
                fits(col(other.word), word),
            )
            .limit(1)
            .scalar_subquery()
        )
        query = query.where(looked_up.is_not(None))
    return query


def _how_many(session: Session, word: str, systems: list[int], fits: Fits) -> int:
    """Return in how many names a word is, as far as it matters."""
    ways = (way.order_by(None).limit(_MANY).subquery() for way in _ways(word, systems, fits))
    some = union_all(*(select(one.c.passholder_ref) for one in ways)).subquery()
    return session.exec(select(func.count()).select_from(some)).one()


def _by_name(session: Session, refs: Collection[int], most: int) -> list[Passholder]:
    """Return `most` of these people, by name."""
    if not refs:
        return []
    people = session.exec(select(Passholder).where(col(Passholder.ref).in_(refs)))
    # A short beginning fits half the country: the first that are found, then put in order.
    return sorted(
        people, key=lambda one: (words_of(one.last_name), words_of(one.first_name), one.birth_date)
    )[:most]
