"""The form of a counter: what was typed, what it means, what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel
from sqlmodel import Session, col, or_, select

from server.cardsystems.groups import groups_of
from server.counters.models import Counter, CounterLink
from server.counters.reach import card_systems_of
from server.counters.setup import CounterFacts
from server.events.models import Event
from server.web.i18n import Translator

LONGEST_NAME: Final = 60
MOST_OFFERED: Final = 500
LONGEST_ADDRESS: Final = 80
APART: Final = " · "
_ID: Final = re.compile(r"[A-Za-z0-9-]{1,64}")


class CounterForm(BaseModel):
    """What was typed. Organiser and place: a name from the list with its id, an id, or an address."""

    name: str = ""
    organizer: str = ""
    place: str = ""
    street: str = ""
    postcode: str = ""
    city: str = ""
    parent: int = 0
    system: list[int] = []
    group: list[int] = []


@dataclass(frozen=True)
class Known:
    """An organiser or place that imported events name; its id is UiTdatabank's."""

    id: str
    name: str

    @property
    def text(self) -> str:
        """How it stands in the form."""
        return f"{self.name}{APART}{self.id}" if self.name else self.id


def known_organizers(session: Session) -> list[Known]:
    """Return the organisers of imported events, by name."""
    query = select(Event.organizer_id, Event.organizer_name).where(col(Event.organizer_id).is_not(None))
    return _known(session.exec(query.distinct()).all())


def known_places(session: Session) -> list[Known]:
    """Return the places of imported events, by name."""
    query = select(Event.place_id, Event.place_name).where(col(Event.place_id).is_not(None))
    return _known(session.exec(query.distinct()).all())


def form_of(session: Session, facts: CounterFacts) -> CounterForm:
    """Return the form filled in with what a counter is."""
    return CounterForm(
        name=facts.name,
        organizer=_text(facts.organizer_id, known_organizers(session)),
        place=_text(facts.place_id, known_places(session)),
        street=facts.address[0],
        postcode=facts.address[1],
        city=facts.address[2],
        parent=facts.parent or 0,
        system=sorted(facts.systems),
        group=sorted(facts.groups),
    )


def read_form(
    session: Session,
    form: CounterForm,
    _: Translator,
    *,
    in_reach: frozenset[int],
    present: tuple[Counter, CounterFacts] | None = None,
) -> tuple[CounterFacts | None, Mapping[str, str]]:
    """Return what was meant, or None and a sentence for each field that is wrong.

    in_reach: the card systems this person may choose; the counter's others stay.
    present: the counter that is changed, and what it is now.
    """
    counter, now = present or (None, None)
    name = " ".join(form.name.split())
    organizer, organizer_wrong = _resource(form.organizer, known_organizers(session), _)
    place, place_wrong = _resource(form.place, known_places(session), _)
    others = now.systems - in_reach if now else frozenset()
    chosen = in_reach & set(form.system)
    elsewhere = {group.id for group in groups_of(session, others)}
    groups = set(form.group) - elsewhere | (now.groups & elsewhere if now else set())
    sentences = {
        "name": _name_wrong(session, name, counter, _),
        "organizer": organizer_wrong,
        "place": place_wrong,
        "system": "" if chosen else _("Kies minstens één kaartsysteem."),
        "parent": _parent_wrong(session, form.parent, counter, in_reach, _),
    }
    errors = {field: sentence for field, sentence in sentences.items() if sentence}
    if errors:
        return None, errors
    address = (_line(form.street), _line(form.postcode), _line(form.city))
    parent = form.parent or None
    return CounterFacts(name, organizer, place, chosen | others, frozenset(groups), address, parent), {}


def _known(rows: Sequence[tuple[str | None, str]]) -> list[Known]:
    # The same id may have been seen under an older name too; one of them will do.
    names = dict(sorted((str(one), name) for one, name in rows))
    return sorted((Known(one, name) for one, name in names.items()), key=lambda one: one.name.casefold())


def _text(resource_id: str | None, known: Sequence[Known]) -> str:
    if resource_id is None:
        return ""
    return next((one.text for one in known if one.id == resource_id), resource_id)


def _name_wrong(session: Session, name: str, counter: Counter | None, _: Translator) -> str:
    if not 0 < len(name) <= LONGEST_NAME:
        return _("Geef de balie een naam van hoogstens {n} tekens.", n=LONGEST_NAME)
    same = [
        one
        for one in session.exec(select(Counter))
        if one.name.casefold() == name.casefold() and (counter is None or one.id != counter.id)
    ]
    return _("Er is al een balie met deze naam.") if same else ""


def _parent_wrong(
    session: Session, parent: int, counter: Counter | None, in_reach: frozenset[int], _: Translator
) -> str:
    """Return what is wrong with the counter it is to belong to; links are one deep."""
    if not parent:
        return ""
    own = counter.id if counter else 0
    links = select(CounterLink).where(or_(CounterLink.parent_id == own, CounterLink.counter_id == parent))
    fits = parent != own and bool(card_systems_of(session, parent) & in_reach)
    if fits and session.exec(links).first() is None:
        return ""
    return _("Kies een balie die zelf bij geen andere hoort.")


def _line(text: str) -> str:
    return " ".join(text.split())[:LONGEST_ADDRESS]


def _resource(text: str, known: Sequence[Known], _: Translator) -> tuple[str | None, str]:
    """Return the id that was meant (None: none was), and a sentence when there is no knowing."""
    typed = " ".join(text.split())
    if not typed:
        return None, ""
    named = [one.id for one in known if one.name.casefold() == typed.casefold()]
    if len(named) == 1:
        return named[0], ""
    if len(named) > 1:
        return None, _("Er zijn er meer met deze naam. Kies er een uit de lijst, met het id erbij.")
    last = typed.rpartition(APART)[2].rstrip("/").rpartition("/")[2]
    if _ID.fullmatch(last) is None:
        return None, _("Kies een naam uit de lijst of vul het id van UiTdatabank in.")
    return last, ""
