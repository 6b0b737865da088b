"""The rows of a piece: what will become of each, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from sqlmodel import Session, col, select

from server.bulk.models import BulkList, BulkRow
from server.bulk.reading import Asked, ListKind, Row, RowFault, read_row
from server.cards.models import Card
from server.counters.rights import rights_of
from server.passholders.models import Passholder, PassholderDetails
from server.passholders.standing import ADULT_AGE
from server.registration.changing import change_person, check_change, person_of
from server.registration.facts import Desk, Fault, Person, RefusedError
from server.registration.register import prepare, register
from shared.domain.numbers import InvalidNumberError, parse_uitpas_number
from shared.domain.prices import age_on
from shared.domain.zones import local_day


class RowState(StrEnum):
    """What will become of a row (GOOD, BAD), or became of it. SAME: there was nothing to change."""

    GOOD = "good"
    BAD = "bad"
    DONE = "done"
    SAME = "same"
    REFUSED = "refused"


@dataclass(frozen=True)
class Worker:
    """Works at one piece of a list, in its transaction, as the counter it is for."""

    session: Session
    bulk: BulkList
    desk: Desk
    now: datetime

    def check(self, rows: Sequence[Row]) -> None:
        """Write down what will become of rows, and change nothing else."""
        bad = 0
        for row in rows:
            found = BulkRow(list_id=self.bulk.id or 0, line=row.line, state=RowState.GOOD)
            faults = self._check(row, found)
            found.faults = {name: str(fault) for name, fault in faults.items()}
            found.state = RowState.BAD if faults else RowState.GOOD
            bad += bool(faults)
            self.session.add(found)
            self.session.flush()
        # Once: each change in between would be written with the next row.
        self.bulk.bad, self.bulk.good = self.bulk.bad + bad, self.bulk.good + len(rows) - bad

    def carry_out(self, rows: Sequence[Row]) -> None:
        """Do what the good ones of these rows ask for, and write down what became of each."""
        query = select(BulkRow).where(
            BulkRow.list_id == self.bulk.id, col(BulkRow.line).in_([row.line for row in rows])
        )
        noted = {one.line: one for one in self.session.exec(query)}
        done = refused = 0
        for row in rows:
            found, asked = noted[row.line], read_row(ListKind(self.bulk.kind), row)
            if found.state != RowState.GOOD or asked is None:
                continue
            try:
                found.state = self._do(asked, found)
                done += 1
            except RefusedError as error:
                # Something changed since it was looked at.
                found.state, found.faults = RowState.REFUSED, {k: str(v) for k, v in error.faults.items()}
                refused += 1
        self.bulk.done, self.bulk.refused = self.bulk.done + done, self.bulk.refused + refused

    def _check(self, row: Row, found: BulkRow) -> Mapping[str, str]:
        asked = read_row(ListKind(self.bulk.kind), row)
        if asked is None:
            return {"": RowFault.COLUMNS}
        found.card = _card_number(asked.card)
        try:
            look = self._look_at_move if asked.person is None else self._look_at_registration
            look(asked, found)
        except RefusedError as refused:
            faults: dict[str, str] = {**refused.faults, **asked.faults}
            if asked.faults.get("birth_date") and faults.get("insz") == Fault.INSZ_OTHER_DATE:
                del faults["insz"]
            return faults
        return asked.faults or self._twice(found)

    def _look_at_registration(self, asked: Asked, found: BulkRow) -> None:
        assert asked.person is not None  # noqa: S101 - the caller looked
        found.name = _name(asked.person)
        found.until = asked.tariff_until
        person = self._consented(asked.person)
        prepared = prepare(self.session, person, asked.joining, self.desk, self.now)
        found.insz_digest, found.municipality = prepared.checked

    def _look_at_move(self, asked: Asked, found: BulkRow) -> None:
        holder, details, person = self._moved(asked)
        checked = check_change(self.session, details, person, self.desk, self.now)
        found.name, found.passholder_ref = _name(person), holder.ref
        found.municipality = checked.municipality

    def _twice(self, found: BulkRow) -> Mapping[str, str]:
        """Return what is wrong with a row that asks again what a good one before it asks."""
        before = select(BulkRow.line).where(
            BulkRow.list_id == found.list_id, BulkRow.state == RowState.GOOD, BulkRow.line != found.line
        )
        if self.session.exec(before.where(BulkRow.card == found.card).limit(1)).first() is not None:
            return {"card": RowFault.CARD_TWICE}
        if found.insz_digest is None:
            return {}
        same = before.where(BulkRow.insz_digest == found.insz_digest).limit(1)
        return {} if self.session.exec(same).first() is None else {"insz": RowFault.INSZ_TWICE}

    def _do(self, asked: Asked, found: BulkRow) -> RowState:
        if asked.person is not None:
            person = self._consented(asked.person)
            holder = register(self.session, person, asked.joining, self.desk, self.now)
            found.passholder_ref = holder.ref
            return RowState.DONE
        holder, _, person = self._moved(asked)
        has_moved = change_person(self.session, holder, person, self.desk, self.now)
        return RowState.DONE if has_moved else RowState.SAME

    def _consented(self, person: Person) -> Person:
        """Return somebody new; a list has no column for rules 4.9: who sends children in answers for it."""
        return replace(person, parental_consent=age_on(person.birth_date, local_day(self.now)) < ADULT_AGE)

    def _moved(self, asked: Asked) -> tuple[Passholder, PassholderDetails, Person]:
        """Return who moves, what is written down of him, and how he is to be written down.

        Raises:
            RefusedError: there is nobody with this card.
        """
        number = _card_number(asked.card)
        if not number:
            raise RefusedError({"card": Fault.CARD_NUMBER})
        card = self.session.get(Card, number)
        holder = self.session.get(Passholder, card.passholder_ref) if card and card.passholder_ref else None
        if holder is None:
            raise RefusedError({"card": Fault.CARD_UNKNOWN})
        kept = self.session.get(PassholderDetails, holder.ref)
        details = kept or PassholderDetails(passholder_ref=holder.ref or 0, made_at=self.now)
        return holder, details, replace(person_of(holder, kept), **asked.address._asdict())


def worker_at(session: Session, bulk: BulkList, now: datetime) -> Worker:
    """Return who works at a list: its counter, with the rights it has now."""
    rights = rights_of(session, bulk.counter_id).get(bulk.card_system_id, frozenset())
    return Worker(session, bulk, Desk(bulk.counter_id, bulk.card_system_id, rights, bulk.staff_id), now)


def _card_number(text: str) -> str:
    try:
        return parse_uitpas_number(text).value
    except InvalidNumberError:
        return ""


def _name(person: Person) -> str:
    """Return the name to show, but no national number that stands in the wrong column."""
    name = f"{person.first_name} {person.last_name}".strip()
    return "" if any(character.isdigit() for character in name) else name
