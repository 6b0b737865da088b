"""Cards, the offline list of the kansentarief, prices and group passes in the JSON API."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import select

from fakes.scene import SYSTEM, add_holders
from server.cards.models import Card
from server.cardsystems.setup import create_card_system
from server.grouppasses.making import PassFacts, block_group_pass, make_group_pass
from server.grouppasses.models import GroupPass
from server.grouppasses.tickets import Seller, use_tickets
from server.kernel.audit import AuditEntry
from server.passholders.models import Membership, Passholder, RegistrationRules
from server.prices.tables import make_table
from server.vouchers.making import create_type, make_series
from server.vouchers.models import Voucher, VoucherType
from server.vouchers.pricing import VoucherUse, redeem_voucher
from shared.domain.numbers import make_uitpas_number
from shared.domain.prices import PriceLine, PriceReason
from shared.domain.zones import local_day

from .test_callers import refusal

NOW = datetime.now(UTC)
TODAY = local_day(NOW)
FIRST = PriceReason.FIRST_CARD
IN_GENT = {"postalCode": "9000", "dateOfBirth": "1990-01-02", "cardType": "NFC_CARD"}


def number(serial, *, social_tariff=False):
    return make_uitpas_number("09000", serial, social_tariff=social_tariff)


def add_card(api, serial=700, *, social_tariff=False, state="LOCAL_STOCK", kind="card"):
    found = number(serial, social_tariff=social_tariff)
    with api.database.writing() as session:
        chip = f"04{serial:012X}"
        session.add(
            Card(uitpas_number=found, chip_number=chip, card_system_id=SYSTEM, state=state, kind=kind)
        )
    return found


def add_group(api, serial=800, facts=None, used=0):
    card = add_card(api, serial, social_tariff=facts is None or facts.tickets_per_year is not None)
    facts = facts or PassFacts("Jeugdhuis", "9000", "Gent", email="jeugd@huis.be", tickets_per_year=20)
    with api.database.writing() as session:
        made = make_group_pass(session, SYSTEM, card, facts, NOW, staff_id=1)
        if used:
            use_tickets(session, made, used, NOW, Seller())
        return made.id, card


class TestCards:
    @pytest.mark.parametrize(
        ("state", "said"),
        [("STOCK", "PROVISIONED"), ("SENT_TO_BALIE", "PROVISIONED"), ("LOCAL_STOCK", "LOCAL_STOCK")],
    )
    def test_a_card_is_found_by_number_and_chip(self, api, state, said):
        found = add_card(api, state=state, kind="sticker")
        token = api.token("CARDS_READ")
        by_number = api.get("/cards", token=token, params={"uitpasNumber": found}).json()
        assert api.get("/cards", token=token, params={"chipNumber": f"04{700:012X}"}).json() == by_number
        assert (by_number["status"], by_number["cardType"], by_number["socialTariff"]) == (
            said,
            "NFC_CARD",
            False,
        )
        assert by_number["cardSystem"]["id"] == SYSTEM

    @pytest.mark.parametrize(
        ("params", "answer"),
        [
            ({}, (400, "uitpas/invalid-uitpas-number")),
            ({"uitpasNumber": "123"}, (400, "uitpas/invalid-uitpas-number")),
            ({"uitpasNumber": number(999)}, (404, "url/not-found")),
            ({"chipNumber": "04"}, (404, "url/not-found")),
        ],
    )
    def test_another_number_is_refused(self, api, params, answer):
        assert refusal(api.get("/cards", token=api.token("CARDS_READ"), params=params)) == answer

    def test_it_takes_the_permission(self, api):
        assert refusal(api.get("/cards", token=api.token("KIOSKS_READ"))) == (403, "auth/forbidden")


def test_the_offline_list_holds_whose_kansentarief_is_valid_now_and_groups(any_api):
    api = any_api
    with api.database.writing() as session:
        holders = add_holders(session, 6)
        for holder, end, grace, state in zip(
            holders,
            [TODAY, TODAY - timedelta(5), TODAY - timedelta(5), TODAY, None, TODAY],
            [0, 5, 4, 0, 0, 0],
            ["ACTIVE", "ACTIVE", "ACTIVE", "BLOCKED", "ACTIVE", "ACTIVE"],
            strict=True,
        ):
            member = session.get_one(Membership, (holder.ref, SYSTEM))
            member.social_tariff, member.social_tariff_end, member.grace_days = end is not None, end, grace
            session.get_one(Card, holder.uitpas_number).state = state
    _, group = add_group(api, used=3)
    blocked, _ = add_group(api, 801)
    add_group(api, 802, PassFacts("Buurt", "9000", "Gent"))
    add_group(
        api,
        803,
        PassFacts("Oud", "9000", "Gent", tickets_per_year=5, tariff_end=TODAY - timedelta(1)),
    )
    with api.database.writing() as session:
        block_group_pass(session, session.get_one(GroupPass, blocked), blocked=True, staff_id=1)
    token = api.token("SOCIALTARIFF_EXPORT")
    path = f"/cards/social-tariff/{SYSTEM}/active"
    assert api.get(path, token=token).json() == [
        *({"uitpasNumber": holders[place].uitpas_number, "cardType": "REGULAR"} for place in (0, 1, 5)),
        {"uitpasNumber": group, "cardType": "GROUP", "availableTickets": 17},
    ]
    with api.database.reading() as session:
        (deed,) = session.exec(select(AuditEntry).where(AuditEntry.action == "export")).all()
    assert deed.detail["count"] == 4
    assert refusal(api.get("/cards/social-tariff/3/active", token=token)) == (403, "auth/forbidden")


class TestPrices:
    PATH = f"/passholders/membership-prices/{SYSTEM}"

    @pytest.fixture
    def priced(self, api):
        with api.database.writing() as session:
            session.add(RegistrationRules(card_system_id=SYSTEM, municipalities=["Gent"]))
            lines = [
                PriceLine(FIRST, 0, "Kind", age_to=17),
                PriceLine(FIRST, 300, "Inwoner", age_from=18, is_resident=True, social_tariff=False),
                PriceLine(FIRST, 550, "Niet-inwoner", age_from=18, is_resident=False, social_tariff=False),
                PriceLine(FIRST, 100, "Kans", "voor wie kansen heeft", age_from=18, social_tariff=True),
                PriceLine(PriceReason.DEFECT, 200, "Vervanging"),
            ]
            make_table(session, SYSTEM, date(2026, 1, 1), lines=lines)
        return api

    @pytest.mark.parametrize(
        ("changed", "price"),
        [
            ({}, 3),
            ({"postalCode": "9300"}, 5.5),
            ({"postalCode": "0000"}, 5.5),
            ({"dateOfBirth": TODAY.isoformat()}, 0),
            ({"socialTariff": "true"}, 1),
            ({"cardType": "DIGITAL"}, 3),
        ],
    )
    def test_the_price_is_that_of_the_person(self, priced, changed, price):
        token = priced.token("MEMBERSHIP_PRICES_READ")
        assert priced.get(self.PATH, token=token, params=IN_GENT | changed).json()["price"] == price

    def test_a_client_that_says_its_id_needs_the_permission_too(self, priced):
        for permission, status in (("MEMBERSHIP_PRICES_READ", 200), ("KIOSKS_READ", 403)):
            headers = {"x-client-id": priced.client(permission)[0]}
            assert priced.get(self.PATH, headers=headers, params=IN_GENT).status_code == status

    def test_a_voucher_changes_the_price_until_it_is_used(self, priced):
        with priced.database.writing() as session:
            kind = create_type(session, SYSTEM, "Welkom", description="", prefix="WELKOM", staff_id=1)
            make_series(session, session.get_one(VoucherType, kind), 1, NOW, staff_id=1)
            voucher = session.exec(select(Voucher.number)).one()
        token, asked = priced.token("MEMBERSHIP_PRICES_READ"), IN_GENT | {"voucher": voucher.lower()}
        assert priced.get(self.PATH, token=token, params=asked).json()["price"] == 3
        with priced.database.writing() as session:
            redeem_voucher(session, SYSTEM, voucher, VoucherUse(NOW))
        for params in (asked, IN_GENT | {"voucher": "WELKOM"}):
            answer = priced.get(self.PATH, token=token, params=params)
            assert refusal(answer) == (400, "uitpas/invalid-voucher-code")

    @pytest.mark.parametrize(
        ("path", "changed", "answer"),
        [
            (PATH, {"postalCode": "1234"}, (400, "uitpas/invalid-postal-code")),
            ("/passholders/membership-prices/99", {}, (404, "uitpas/cardsystem-not-found")),
            ("/passholders/membership-prices/3", {}, (404, "url/not-found")),
        ],
    )
    def test_what_has_no_price_is_refused(self, priced, path, changed, answer):
        with priced.database.writing() as session:
            create_card_system(session, 3, "Paspartoe")
        token = priced.token("MEMBERSHIP_PRICES_READ")
        assert refusal(priced.get(path, token=token, params=IN_GENT | changed)) == answer

    def test_joining_another_card_system_has_a_price_of_its_own(self, priced):
        with priced.database.writing() as session:
            create_card_system(session, 3, "Paspartoe")
            session.add(RegistrationRules(card_system_id=3, municipalities=["Aalst"]))
            lines = [
                PriceLine(FIRST, 900, "Eerste"),
                PriceLine(PriceReason.CARD_UPGRADE, 200, "Erbij", is_resident=False),
                PriceLine(PriceReason.EXTRA_CARD, 50, "Kaart erbij", social_tariff=True),
            ]
            make_table(session, 3, date(2026, 1, 1), lines=lines)
            member, newcomer = add_holders(session, 2)
            session.get_one(Passholder, member.ref).postcode = "9000"
            session.get_one(Card, newcomer.uitpas_number).state = "BLOCKED"
        token = priced.token("MEMBERSHIP_PRICES_READ", "PASSHOLDERS_SEARCH")

        def price(ref, **changed):
            path = f"/passholders/{ref}/membership-prices/3"
            return priced.get(path, token=token, params={"cardType": "NFC_CARD"} | changed)

        assert price(member.ref).json()["price"] == 2
        assert price(member.ref, socialTariff="true").json()["price"] == 0.5
        assert price(newcomer.ref).json()["price"] == 9
        for unknown in (99, "9" * 30, "x"):
            assert refusal(price(unknown)) == (404, "uitpas/passholder-not-found")
        token = priced.token("MEMBERSHIP_PRICES_READ")
        assert refusal(price(member.ref)) == (403, "auth/forbidden")

    def test_the_list_is_that_of_first_cards_and_open_to_every_client(self, priced):
        headers = {"x-client-id": priced.client()[0]}
        path = f"/card-systems/{SYSTEM}/membership-prices"
        prices = priced.get(path, headers=headers, params={"cardType": "NFC_CARD"}).json()
        assert sorted((one["price"], one["label"]) for one in prices) == [
            (0, "Kind"),
            (1, "Kans"),
            (3, "Inwoner"),
            (5.5, "Niet-inwoner"),
        ]


class TestGroupPasses:
    def test_a_group_pass_is_found_by_number_chip_and_id(self, any_api):
        made, card = add_group(any_api, used=3)
        token = any_api.token("GROUPPASSES_SEARCH")
        found = any_api.get("/grouppasses", token=token, params={"uitpasNumber": card}).json()
        assert found["totalItems"] == 1
        (shown,) = found["member"]
        assert any_api.get(f"/grouppasses/{made}", token=token).json() == shown
        by_chip = any_api.get("/grouppasses", token=token, params={"chipNumber": f"04{800:012X}"})
        assert by_chip.json() == found
        assert (shown["name"], shown["cardStatus"], shown["email"]) == (
            "Jeugdhuis",
            "ACTIVE",
            "jeugd@huis.be",
        )
        assert shown["socialTariff"] == {
            "status": "ACTIVE",
            "totalTicketsPerYear": 20,
            "availableTickets": 17,
        }

    def test_a_client_that_only_says_its_id_learns_no_name(self, api):
        _, card = add_group(api)
        headers = {"x-client-id": api.client("GROUPPASSES_SEARCH")[0]}
        (shown,) = api.get("/grouppasses", headers=headers, params={"uitpasNumber": card}).json()["member"]
        assert not {"name", "email", "address", "telephone"} & shown.keys()
        headers = {"x-client-id": api.client()[0]}
        answer = api.get("/grouppasses", headers=headers, params={"uitpasNumber": card})
        assert refusal(answer) == (403, "auth/forbidden")

    def test_the_kansentarief_of_a_group_has_a_status_and_an_end(self, api):
        ended = PassFacts("Oud", "9000", "Gent", tickets_per_year=5, tariff_end=date(2024, 12, 31))
        made, _ = add_group(api, 801, ended)
        plain, _ = add_group(api, 802, PassFacts("Buurt", "9000", "Gent"))
        token = api.token("GROUPPASSES_SEARCH")
        tariff = api.get(f"/grouppasses/{made}", token=token).json()["socialTariff"]
        assert (tariff["status"], tariff["endDate"]) == ("EXPIRED", "2024-12-31T22:59:59+00:00")
        assert "socialTariff" not in api.get(f"/grouppasses/{plain}", token=token).json()

    def test_another_number_or_id_is_refused(self, api):
        holder = add_card(api)
        token = api.token("GROUPPASSES_SEARCH")
        empty = api.get("/grouppasses", token=token, params={"uitpasNumber": holder}).json()
        assert empty == {"totalItems": 0, "member": []}
        assert refusal(api.get("/grouppasses", token=token)) == (400, "uitpas/invalid-uitpas-number")
        for path in ("/grouppasses/1", "/grouppasses/b5a5bb75-6cae-452b-b029-d12d3b425b1b"):
            assert refusal(api.get(path, token=token)) == (404, "url/not-found")
