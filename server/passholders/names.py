"""The names people are found by, accents and capitals ignored (`.namesearch` finds them)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

from sqlalchemy import delete, exists, text
from sqlmodel import Session, col, select

from server.kernel.bulk import Bulk, Statement
from server.kernel.database import database_of
from server.passholders.models import Membership, NamePart, NameWord, Passholder

_APART: Final = re.compile(r"[^0-9a-z]+")
APOSTROPHES: Final = "'`\u00b4\u2018\u2019\u02bc"
"""As keyboards and programs write them."""
_APOSTROPHE: Final = re.compile(f"[{APOSTROPHES}]")
_NOT_DECOMPOSED: Final = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ß": "ss"})
SHORTEST: Final = 3
"""Letters of a part that is looked for anywhere in a name; fewer are its beginning."""
_FORGET_PARTS: Final = Statement(
    "DELETE FROM name_part WHERE (card_system_id, part, word) IN ("
    " SELECT card_system_id, part, word FROM {rows} WHERE NOT EXISTS ("
    " SELECT 1 FROM name_word WHERE name_word.card_system_id = rows.card_system_id"
    " AND name_word.word = rows.word))",
    card_system_id="int",
    part="text",
    word="text",
)
_KEEP_PARTS: Final = Statement(
    "INSERT INTO name_part (card_system_id, part, word)"
    " SELECT card_system_id, part, word FROM {rows} WHERE true ON CONFLICT DO NOTHING",
    card_system_id="int",
    part="text",
    word="text",
)


def words_of(text: str) -> list[str]:
    """Return the words of a name as they are compared: without accents, capitals, hyphens and apostrophes."""
    plain = unicodedata.normalize("NFKD", text.casefold()).translate(_NOT_DECOMPOSED)
    letters = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return list(dict.fromkeys(filter(None, _APART.split(letters))))


def name_words(text: str) -> list[str]:
    """Return the words a name is found by: O'Brien by brien, and as it is typed in a hurry, by obrien."""
    return list(dict.fromkeys([*words_of(text), *words_of(_APOSTROPHE.sub("", text))]))


def parts_of(word: str) -> list[str]:
    """Return the endings that a folded word is found by in its middle."""
    return [word[start:] for start in range(1, len(word) - SHORTEST + 1)]


def index_name(session: Session, holder: Passholder) -> None:
    """Have a pashouder found by the names he has now, where he is a member now."""
    session.execute(delete(NameWord).where(col(NameWord.passholder_ref) == holder.ref))
    systems = session.exec(select(Membership.card_system_id).where(Membership.passholder_ref == holder.ref))
    words = name_words(f"{holder.first_name} {holder.last_name}")
    _keep_words(session, [(system, word, holder.ref or 0) for system in systems for word in words])


def index_new(session: Session, holders: Iterable[Passholder], system: int) -> None:
    """Have those who are members of a card system since now, and of no other, found by their names."""
    words = {one.ref or 0: name_words(f"{one.first_name} {one.last_name}") for one in holders}
    _keep_words(session, [(system, word, ref) for ref, own in words.items() for word in own])


def _keep_words(session: Session, named: Sequence[tuple[int, str, int]]) -> None:
    session.add_all(
        NameWord(card_system_id=system, word=word, passholder_ref=ref) for system, word, ref in named
    )
    keep_parts(session, [(system, word) for system, word, _ in named])


def keep_parts(session: Session, named: Iterable[tuple[int, str]]) -> None:
    """Have names found by their middle: each a card system and a folded word."""
    # In one order, or two registrations with new names could wait for each other.
    rows = _rows_of(named)
    if rows:
        Bulk(session).run(_KEEP_PARTS, rows=rows)


def named_of(session: Session, ref: int) -> list[tuple[int, str]]:
    """Return the words somebody is found by, each with its card system."""
    query = select(NameWord.card_system_id, NameWord.word).where(NameWord.passholder_ref == ref)
    return list(session.exec(query))


def forget_parts(session: Session, named: Iterable[tuple[int, str]]) -> None:
    """Forget those of these names that nobody has any more. The last thing of a transaction: others wait."""
    rows = _rows_of(named)
    if rows:
        _hold_names(session)
        Bulk(session).run(_FORGET_PARTS, rows=rows)


def forget_names(session: Session) -> None:
    """Forget all names that nobody has any more."""
    _hold_names(session)
    here = col(NameWord.card_system_id) == col(NamePart.card_system_id)
    has_it = exists().where(here, col(NameWord.word) == col(NamePart.word))
    session.execute(delete(NamePart).where(~has_it))


def _rows_of(named: Iterable[tuple[int, str]]) -> list[tuple[int, str, str]]:
    return sorted({(system, part, word) for system, word in named for part in parts_of(word)})


def _hold_names(session: Session) -> None:
    """Wait until nobody is being registered, and let nobody be until the commit.

    Who has a name that nobody else has would be found by its middle no longer.
    """
    if database_of(session).is_postgresql:
        session.execute(text("LOCK TABLE name_part IN SHARE ROW EXCLUSIVE MODE"))
