"""How people are found by a part of their name, accents and capitals ignored."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from sqlalchemy import delete
from sqlmodel import Session, col, select

from server.passholders.models import Membership, NameWord, Passholder

_APART: Final = re.compile(r"[^0-9a-z]+")
_NOT_DECOMPOSED: Final = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ß": "ss"})
_AFTER: Final = "{"
"""Sorts after every letter and digit of a folded word."""


def words_of(text: str) -> list[str]:
    """Return the words of a name as they are compared: without accents, capitals, hyphens and apostrophes."""
    plain = unicodedata.normalize("NFKD", text.casefold()).translate(_NOT_DECOMPOSED)
    letters = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return list(dict.fromkeys(filter(None, _APART.split(letters))))


def index_name(session: Session, holder: Passholder) -> None:
    """Have a pashouder found by the names he has now."""
    session.execute(delete(NameWord).where(col(NameWord.passholder_ref) == holder.ref))
    words = words_of(f"{holder.first_name} {holder.last_name}")
    session.add_all(NameWord(word=word, passholder_ref=holder.ref or 0) for word in words)


def find_by_name(session: Session, text: str, systems: Iterable[int], most: int) -> list[Passholder]:
    """Return members of `systems` with names that begin with the words of `text`, at most `most`, by name."""
    words = words_of(text)
    if not words:
        return []
    members = select(Membership.passholder_ref).where(col(Membership.card_system_id).in_(list(systems)))
    query = select(Passholder).where(col(Passholder.ref).in_(members))
    for word in words:
        beginning = col(NameWord.word).between(word, word + _AFTER)
        query = query.where(col(Passholder.ref).in_(select(NameWord.passholder_ref).where(beginning)))
    # A short beginning fits half the country: the first that are found, then put in order.
    found = session.exec(query.limit(most)).all()
    return sorted(found, key=lambda one: (words_of(one.last_name), words_of(one.first_name), one.birth_date))
