"""A town with counters that may do different things, and cards in their drawers."""

from datetime import UTC, date, datetime

from server.cards.models import Card
from server.cardsystems.groups import groups_of
from server.cardsystems.setup import create_card_system
from server.counters.rights import rights_of
from server.counters.setup import CounterFacts, create_counter
from server.feed.changes import cards_changed
from server.passholders.models import RegistrationRules
from server.registration.facts import Desk, Person
from shared.domain.numbers import make_uitpas_number

GENT, PASPARTOE = 5, 3
PREFIX = {GENT: "09000", PASPARTOE: "09300"}
NOON = datetime(2026, 11, 20, 11, tzinfo=UTC)
TODAY = date(2026, 11, 20)
AUTHORISED = "Geauthorizeerde registratie balies"
PLAIN = "Niet-geauthorizeerde registratie balies"
ELSEWHERE = "Mag pashouders andere gemeentes aanmaken"
ABROAD = "Mag pashouders uit het buitenland aanmaken"
TICKETS = "Checkin and Ticket balies"

AN = Person(
    first_name="An",
    last_name="Peeters",
    birth_date=date(1983, 3, 2),
    postcode="9040",
    place="Sint-Amandsberg",
    street="Dorpsstraat",
    house_number="1",
    insz="83.03.02-015.40",
    email="an@example.be",
)


class Town:
    """Two card systems; desks and cards are added as a test needs them."""

    def __init__(self, database):
        self.database = database
        self._serial = 0
        with database.writing() as session:
            for system, name in ((GENT, "UiTPAS Gent"), (PASPARTOE, "Paspartoe")):
                create_card_system(session, system, name, prefixes=[PREFIX[system]])

    def rules(self, **rules):
        with self.database.writing() as session:
            wanted = {"card_system_id": GENT, "municipalities": [], **rules}
            session.merge(RegistrationRules(**wanted))

    def desk(self, *groups, system=GENT, name=None):
        """Add a counter that is in groups of a card system; return it at work."""
        with self.database.writing() as session:
            found = {group.name: group.id for group in groups_of(session, [system])}
            chosen = frozenset(found[group] for group in groups)
            facts = CounterFacts(name or " ".join(groups) or "Balie", None, None, frozenset({system}), chosen)
            counter = create_counter(session, facts)
            return Desk(counter, system, rights_of(session, counter).get(system, frozenset()))

    def card(self, desk, *, tariff=False, state="LOCAL_STOCK"):
        """Put a card in the drawer of a counter; return its number."""
        with self.database.writing() as session:
            number = self._free_number(session, desk.system, tariff=tariff)
            session.add(
                Card(
                    uitpas_number=number,
                    chip_number=f"04{self._serial:012X}",
                    card_system_id=desk.system,
                    state=state,
                    counter_id=desk.counter_id,
                )
            )
            session.flush()
            cards_changed(session, [number])
        return number

    def _free_number(self, session, system, *, tariff):
        """Return the next number; digital cards take numbers too."""
        while True:
            self._serial += 1
            number = make_uitpas_number(PREFIX[system], self._serial, social_tariff=tariff)
            if session.get(Card, number) is None:
                return number
