"""The rows of a piece: what will become of each, and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import NamedTuple

from sqlmodel import Session, col, select

from server.bulk.models import BulkList, BulkRow
from server.bulk.movers import Movers
from server.bulk.reading import Asked, ListKind, Row, RowFault, card_number, read_row
from server.counters.rights import rights_of
from server.kernel.database import vault_of
from server.kernel.vault import Vault
from server.passholders.insz import InvalidInszError, insz_digest, parse_insz
from server.passholders.models import Passholder
from server.passholders.standing import ADULT_AGE
from server.registration.facts import Desk, Fault, Person, RefusedError
from server.registration.lookups import Lookups
from server.registration.register import Prepared, prepare, register, register_all
from shared.domain.prices import age_on
from shared.domain.zones import local_day


class RowState(StrEnum):
    """What will become of a row (GOOD, BAD), or became of it. SAME: there was nothing to change."""

    GOOD = "good"
    BAD = "bad"
    DONE = "done"
    SAME = "same"
    REFUSED = "refused"


Look = Callable[[Asked, BulkRow], None]
"""Writes down what a row will do; raises RefusedError."""


class Good(NamedTuple):
    """The cards and national numbers that good rows have."""

    cards: set[str]
    digests: set[bytes]


@dataclass(frozen=True)
class Worker:
    """Works at one piece of a list, in its transaction, as the counter it is for."""

    session: Session
    bulk: BulkList
    desk: Desk
    now: datetime

    def check(self, rows: Sequence[Row]) -> None:
        """Write down what will become of rows, and change nothing else."""
        asked = [(row, read_row(ListKind(self.bulk.kind), row)) for row in rows]
        readable = [one for _, one in asked if one is not None]
        look, before = self._looker(readable), self._good_before(readable)
        found = [self._checked(row, one, look, before) for row, one in asked]
        self.session.add_all(found)
        bad = sum(one.state == RowState.BAD for one in found)
        self.bulk.bad, self.bulk.good = self.bulk.bad + bad, self.bulk.good + len(rows) - bad

    def carry_out(self, rows: Sequence[Row]) -> None:
        """Do what the good ones of these rows ask for, and write down what became of each."""
        query = select(BulkRow).where(
            BulkRow.list_id == self.bulk.id, col(BulkRow.line).in_([row.line for row in rows])
        )
        noted = {one.line: one for one in self.session.exec(query)}
        asked = [(noted[row.line], read_row(ListKind(self.bulk.kind), row)) for row in rows]
        good = [(found, one) for found, one in asked if found.state == RowState.GOOD and one is not None]
        if self.bulk.kind == ListKind.REGISTER:
            self._register(good)
        else:
            movers = Movers(self.session, [one for _, one in good], self.desk, self.now)
            for found, one in good:
                self._attempt(found, partial(_move, movers, one))
        states = [found.state for found, _ in good]
        refused = states.count(RowState.REFUSED)
        self.bulk.done += len(good) - refused
        self.bulk.refused += refused

    def _register(self, good: Sequence[tuple[BulkRow, Asked]]) -> None:
        """Register people, in as many statements as one; each by himself when that cannot be."""
        lookups = self._gathered([one for _, one in good])
        prepared: list[tuple[BulkRow, Prepared]] = []
        for found, asked in good:
            self._attempt(found, partial(self._prepare, asked, found, lookups, prepared))
        try:
            holders = register_all(lookups, [one for _, one in prepared], self.desk, self.now)
        except RefusedError:
            # Another counter registered one of them since they were looked up.
            for found, one in prepared:
                self._attempt(found, partial(self._register_one, one, found))
            return
        for (found, _), holder in zip(prepared, holders, strict=True):
            found.state, found.passholder_ref = RowState.DONE, holder.ref

    def _prepare(
        self, asked: Asked, found: BulkRow, lookups: Lookups, prepared: list[tuple[BulkRow, Prepared]]
    ) -> RowState:
        assert asked.person is not None  # noqa: S101 - a list of registrations
        person = self._consented(asked.person)
        one = prepare(lookups, person, asked.joining, self.desk, self.now)
        lookups.take(one.checked.digest, one.card)
        prepared.append((found, one))
        return RowState.GOOD

    def _register_one(self, one: Prepared, found: BulkRow) -> RowState:
        found.passholder_ref = register(self.session, one.person, one.joining, self.desk, self.now).ref
        return RowState.DONE

    def _attempt(self, found: BulkRow, deed: Callable[[], RowState]) -> None:
        try:
            found.state = deed()
        except RefusedError as error:
            # Something changed since it was looked at.
            found.state, found.faults = RowState.REFUSED, {k: str(v) for k, v in error.faults.items()}

    def _looker(self, asked: Sequence[Asked]) -> Look:
        """Return what looks at each of these rows, having looked up what they need together."""
        if self.bulk.kind == ListKind.REGISTER:
            return partial(self._look_at_registration, self._gathered(asked))
        return partial(_look_at_move, Movers(self.session, asked, self.desk, self.now))

    def _gathered(self, asked: Sequence[Asked]) -> Lookups:
        """Return lookups that know what registering these people asks."""
        lookups, people = Lookups(self.session), [one.person for one in asked if one.person is not None]
        digests = [_digest(vault_of(self.session), person.insz) for person in people]
        numbers = [card_number(one.card) for one in asked if one.person is not None]
        lookups.gather(
            [person.postcode for person in people],
            [digest for digest in digests if digest is not None],
            [number for number in numbers if number],
        )
        return lookups

    def _good_before(self, asked: Sequence[Asked]) -> Good:
        """Return the cards and national numbers of these rows that a good one before them has."""
        vault = vault_of(self.session)
        cards = {card_number(one.card) for one in asked}
        wanted = {_digest(vault, one.person.insz) for one in asked if one.person is not None} - {None}
        here = select(BulkRow.card, BulkRow.insz_digest).where(
            BulkRow.list_id == self.bulk.id, BulkRow.state == RowState.GOOD
        )
        found = [
            *self.session.exec(here.where(col(BulkRow.card).in_(cards))),
            *(self.session.exec(here.where(col(BulkRow.insz_digest).in_(wanted))) if wanted else ()),
        ]
        return Good({card for card, _ in found}, {digest for _, digest in found if digest is not None})

    def _checked(self, row: Row, asked: Asked | None, look: Look, before: Good) -> BulkRow:
        """Return what will become of a row; a good one is among those before the next."""
        found = BulkRow(list_id=self.bulk.id or 0, line=row.line, state=RowState.GOOD)
        faults = self._check(asked, found, look, before)
        found.faults = {name: str(fault) for name, fault in faults.items()}
        if faults:
            found.state = RowState.BAD
            return found
        before.cards.add(found.card)
        if found.insz_digest is not None:
            before.digests.add(found.insz_digest)
        return found

    def _check(self, asked: Asked | None, found: BulkRow, look: Look, before: Good) -> Mapping[str, str]:
        if asked is None:
            return {"": RowFault.COLUMNS}
        found.card = card_number(asked.card)
        try:
            look(asked, found)
        except RefusedError as refused:
            faults: dict[str, str] = {**refused.faults, **asked.faults}
            if asked.faults.get("birth_date") and faults.get("insz") == Fault.INSZ_OTHER_DATE:
                del faults["insz"]
            return faults
        return asked.faults or _twice(found, before)

    def _look_at_registration(self, lookups: Lookups, asked: Asked, found: BulkRow) -> None:
        assert asked.person is not None  # noqa: S101 - a list of registrations
        found.name = _name(asked.person)
        found.until = asked.tariff_until
        person = self._consented(asked.person)
        prepared = prepare(lookups, person, asked.joining, self.desk, self.now)
        found.insz_digest, found.municipality = prepared.checked

    def _consented(self, person: Person) -> Person:
        """Return somebody new; a list has no column for rules 4.9: who sends children in answers for it."""
        return replace(person, parental_consent=age_on(person.birth_date, local_day(self.now)) < ADULT_AGE)


def worker_at(session: Session, bulk: BulkList, now: datetime) -> Worker:
    """Return who works at a list: its counter, with the rights it has now."""
    rights = rights_of(session, bulk.counter_id).get(bulk.card_system_id, frozenset())
    return Worker(session, bulk, Desk(bulk.counter_id, bulk.card_system_id, rights, bulk.staff_id), now)


def _twice(found: BulkRow, before: Good) -> Mapping[str, str]:
    """Return what is wrong with a row that asks again what a good one before it asks."""
    card = {"card": RowFault.CARD_TWICE} if found.card in before.cards else {}
    return card | ({"insz": RowFault.INSZ_TWICE} if found.insz_digest in before.digests else {})


def _digest(vault: Vault, insz: str) -> bytes | None:
    try:
        return insz_digest(vault, parse_insz(insz))
    except InvalidInszError:
        return None


def _look_at_move(movers: Movers, asked: Asked, found: BulkRow) -> None:
    holder, found.municipality = movers.look(asked)
    found.name, found.passholder_ref = _name(holder), holder.ref


def _move(movers: Movers, asked: Asked) -> RowState:
    return RowState.DONE if movers.move(asked) else RowState.SAME


def _name(person: Person | Passholder) -> str:
    """Return the name to show, but no national number that stands in the wrong column."""
    name = f"{person.first_name} {person.last_name}".strip()
    return "" if any(character.isdigit() for character in name) else name
