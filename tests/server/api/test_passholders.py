"""Pashouders and passes in the JSON API; every answer is judged by the public document (`conftest`)."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import select

from fakes.scene import ORGANIZER, SYSTEM, add_holders, chip_of
from server.cards.models import Card
from server.cardsystems.groups import groups_of
from server.cardsystems.setup import create_card_system
from server.counters.rights import put_groups
from server.kernel.audit import AuditEntry
from server.passholders.models import Membership, Passholder, PassholderDetails, RegistrationRules
from server.passholders.names import index_name
from shared.domain.numbers import make_uitpas_number
from shared.domain.zones import local_day

from .test_callers import refusal

TODAY = local_day(datetime.now(UTC))
UNKNOWN = make_uitpas_number("09000", 5, social_tariff=False)
EVE = {
    "name": "Desmet",
    "firstName": "Eve",
    "inszNumber": "83030201540",
    "dateOfBirth": "1983-03-02",
    "address": {"postalCode": "9040", "city": "Sint-Amandsberg", "country": "BE"},
    "registrationOrganizer": {"id": ORGANIZER},
    "registrationCardSystemId": SYSTEM,
    "registrationCardType": "NFC_CARD",
}


@pytest.fixture
def token(api):
    return api.token("PASSHOLDERS_WRITE", "PASSHOLDERS_SEARCH", "PASSES_READ")


def add_card(api, serial=900, *, tariff=False, state="LOCAL_STOCK"):
    number = make_uitpas_number("09000", serial, social_tariff=tariff)
    with api.database.writing() as session:
        session.add(
            Card(
                uitpas_number=number,
                chip_number=f"04{serial:012X}",
                card_system_id=SYSTEM,
                state=state,
                counter_id=api.counter,
            )
        )
    return number


def test_somebody_is_registered_and_found_again_without_a_national_number_in_any_answer(api, token):
    number = add_card(api)
    made = api.call("POST", "/passholders", token=token, json=EVE | {"registrationUitpasNumber": number})
    assert made.status_code == 200
    person = made.json()
    assert (person["uitpasNumber"], person["city"], person["points"]) == (number, "Gent", 0)
    found = api.get("/passholders", token=token, params={"inszNumber": "83030201540"}).json()
    assert found["totalItems"] == 1
    assert found["member"] == [person] == [api.get(f"/passholders/{person['id']}", token=token).json()]
    assert "inszNumber" not in person
    by_name = api.get("/passholders", token=token, params={"name": "desm", "firstName": "e"}).json()
    assert [one["id"] for one in by_name["member"]] == [person["id"]]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"inszNumber": "83030201541"}, (400, "uitpas/invalid-insz-number")),
        ({"address": {"postalCode": "9040", "city": "Oostende"}}, (400, "uitpas/invalid-city")),
        ({"registrationUitpasNumber": "0900000000000"}, (400, "uitpas/invalid-uitpas-number")),
        ({"registrationUitpasNumber": UNKNOWN}, (400, "uitpas/invalid-card")),
        ({"registrationOrganizer": {"id": "nobody"}}, (400, "uitpas/organizer-not-found")),
        ({"registrationCardSystemId": 999}, (400, "uitpas/cardsystem-not-found")),
        ({"registrationSocialTariffEndDate": str(TODAY)}, (403, "auth/forbidden")),
        ({"address": {"postalCode": "59000", "city": "Lille", "country": "FR"}}, (403, "auth/forbidden")),
        ({"name": ""}, (400, "body/invalid-data")),
        ({"email": "eve"}, (400, "body/invalid-data")),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told_by_its_problem_and_nothing_is_kept(api, token, change, problem):
    body = EVE | {"registrationUitpasNumber": add_card(api)} | change
    assert refusal(api.call("POST", "/passholders", token=token, json=body)) == problem
    with api.database.reading() as session:
        assert session.exec(select(Passholder)).all() == []


def test_a_card_that_is_not_in_the_drawer_is_named_by_its_status(api, token):
    body = EVE | {"registrationUitpasNumber": add_card(api, state="STOCK")}
    answer = api.call("POST", "/passholders", token=token, json=body)
    assert refusal(answer) == (400, "uitpas/invalid-card-status")


def test_the_kansenstatuut_needs_its_own_permission_and_shows_in_pass_and_membership(api):
    token = api.token("PASSHOLDERS_WRITE", "PASSHOLDERS_WRITE_SOCIALTARIFF", "PASSES_READ")
    until = date(TODAY.year + 1, 4, 30)
    number = add_card(api, tariff=True)
    body = EVE | {
        "registrationUitpasNumber": number,
        "registrationSocialTariffEndDate": until.isoformat(),
    }
    person = api.call("POST", "/passholders", token=token, json=body).json()
    (membership,) = person["cardSystemMemberships"]
    assert membership["socialTariff"]["status"] == "ACTIVE"
    found = api.get("/passes", token=token, params={"identifier": number}).json()
    assert (found["passholderId"], found["socialTariff"]["status"]) == (person["id"], "ACTIVE")


def test_a_kansenstatuut_in_its_grace_period_is_active_and_after_it_expired(api, token):
    with api.database.writing() as session:
        (holder,) = add_holders(session, 1)
        membership = session.get_one(Membership, (holder.ref, SYSTEM))
        membership.social_tariff, membership.grace_days = True, 10
        membership.social_tariff_end = TODAY - timedelta(days=10)
    shown = {"identifier": holder.uitpas_number}
    tariff = api.get("/passes", token=token, params=shown).json()["socialTariff"]
    assert tariff["status"] == "ACTIVE"
    with api.database.writing() as session:
        session.get_one(Membership, (holder.ref, SYSTEM)).grace_days = 9
    assert api.get("/passes", token=token, params=shown).json()["socialTariff"]["status"] == "EXPIRED"
    person = api.get(f"/passholders/{holder.ref}", token=token).json()
    assert "uitpasNumber" not in person


class TestAPass:
    """GET /passes."""

    @pytest.fixture
    def holder(self, api):
        with api.database.writing() as session:
            (one,) = add_holders(session, 1)
            index_name(session, session.get_one(Passholder, one.ref))
            return one

    def test_is_found_by_card_and_by_chip_and_the_trail_says_so(self, api, token, holder):
        for identifier in (holder.uitpas_number, chip_of(holder.ref)):
            found = api.get("/passes", token=token, params={"identifier": identifier})
            assert found.json()["uitpasNumber"] == holder.uitpas_number
        with api.database.reading() as session:
            looks = session.exec(select(AuditEntry).where(AuditEntry.action == "look")).all()
            assert [entry.subject_id for entry in looks] == [str(holder.ref)] * 2

    def test_never_by_a_name(self, api, token, holder):
        answer = api.get("/passes", token=token, params={"identifier": "Peeters"})
        assert refusal(answer) == (404, "uitpas/pass-not-found")

    def test_that_is_blocked_says_whose_it_is(self, api, token, holder):
        with api.database.writing() as session:
            session.get_one(Card, holder.uitpas_number).state = "BLOCKED"
        answer = api.get("/passes", token=token, params={"identifier": holder.uitpas_number})
        assert refusal(answer) == (400, "uitpas/invalid-card-status")
        assert answer.json()["cardStatus"] == "BLOCKED"
        assert answer.json()["passholderId"] == str(holder.ref)

    def test_needs_the_permission(self, api, holder):
        answer = api.get("/passes", token=api.token(), params={"identifier": holder.uitpas_number})
        assert refusal(answer) == (403, "auth/forbidden")


def test_by_number_only_means_not_by_name(api):
    with api.database.writing() as session:
        (holder,) = add_holders(session, 1)
    token = api.token("PASSHOLDERS_SEARCH_BY_ID")
    found = api.get("/passholders", token=token, params={"uitpasNumber": holder.uitpas_number})
    assert found.json()["totalItems"] == 1
    assert refusal(api.get("/passholders", token=token, params={"name": "Peeters"})) == (
        403,
        "auth/forbidden",
    )
    wrong = api.get("/passholders", token=token, params={"uitpasNumber": "123"})
    assert refusal(wrong) == (400, "uitpas/invalid-uitpas-number")


def test_whether_a_national_number_is_used_is_all_that_is_told(api, token):
    client, _ = api.client()
    body = EVE | {"registrationUitpasNumber": add_card(api)}
    path = "/passholders/status/insz-numbers/83030201540"
    assert api.get(path, headers={"x-client-id": client}).json() == {"state": "UNUSED"}
    api.call("POST", "/passholders", token=token, json=body)
    assert api.get(path, headers={"x-client-id": client}).json() == {"state": "USED"}
    wrong = api.get("/passholders/status/insz-numbers/123", headers={"x-client-id": client})
    assert refusal(wrong) == (400, "uitpas/invalid-insz-number")


def test_an_organiser_whose_counter_may_registers_without_a_national_number(api, token):
    body = {key: value for key, value in EVE.items() if key != "inszNumber"}
    body["registrationUitpasNumber"] = add_card(api)
    answer = api.call("POST", "/passholders", token=token, json=body)
    assert refusal(answer) == (400, "body/invalid-data")
    assert answer.json()["schemaErrors"] == [{"jsonPointer": "/inszNumber", "error": "insz-needed"}]
    with api.database.writing() as session:
        authorised = [one.id for one in groups_of(session, [SYSTEM]) if one.name.startswith("Geauth")]
        put_groups(session, api.counter, [SYSTEM], authorised)
    assert api.call("POST", "/passholders", token=token, json=body).status_code == 200


class TestAMembership:
    """POST and GET /passholders/…/memberships/…"""

    @pytest.fixture
    def token(self, api):
        return api.token("PASSHOLDERS_WRITE", "PASSHOLDERS_WRITE_SOCIALTARIFF")

    @pytest.fixture
    def person(self, api, token):
        body = EVE | {"registrationUitpasNumber": add_card(api)}
        return api.call("POST", "/passholders", token=token, json=body).json()

    def preview(self, api, token, person, *, tariff):
        asked = {"socialTariff": str(tariff).lower(), "organizerId": ORGANIZER}
        return api.get(f"/passholders/{person['id']}/memberships/{SYSTEM}", token=token, params=asked).json()

    def ask(self, api, token, person, **more):
        body = {"cardType": "NFC_CARD", "registrationOrganizer": {"id": ORGANIZER}, **more}
        return api.call("POST", f"/passholders/{person['id']}/memberships/{SYSTEM}", token=token, json=body)

    def test_that_is_there_already_cannot_be_made_again(self, api, token, person):
        assert self.preview(api, token, person, tariff=False)["type"] == "NOT_POSSIBLE"
        answer = self.ask(api, token, person, uitpasNumber=add_card(api, 901))
        assert refusal(answer) == (400, "uitpas/passholder-new-membership-error")

    def test_gets_the_kansenstatuut_with_a_card_that_shows_it_and_loses_it_again(self, api, token, person):
        seen = self.preview(api, token, person, tariff=True)
        assert (seen["type"], seen["socialTariffEndDate"]) == (
            "REPLACE_MEMBERSHIP",
            f"{TODAY.year + 1}-04-30",
        )
        special = add_card(api, 902, tariff=True)
        assert self.ask(api, token, person, uitpasNumber=special, socialTariff={}).status_code == 201
        with api.database.reading() as session:
            membership = session.get_one(Membership, (int(person["id"]), SYSTEM))
            assert membership.social_tariff_end == date(TODAY.year + 1, 4, 30)
            assert session.get_one(Card, person["uitpasNumber"]).state == "BLOCKED"
        assert self.ask(api, token, person, uitpasNumber=add_card(api, 903)).status_code == 201
        with api.database.reading() as session:
            assert not session.get_one(Membership, (int(person["id"]), SYSTEM)).social_tariff

    def test_with_the_kansenstatuut_is_for_who_lives_there(self, api, token, person):
        with api.database.writing() as session:
            session.add(RegistrationRules(card_system_id=SYSTEM, municipalities=["Aalst"]))
        assert self.preview(api, token, person, tariff=True)["addressChangeRequired"] is True
        special = add_card(api, 904, tariff=True)
        answer = self.ask(api, token, person, uitpasNumber=special, socialTariff={})
        assert refusal(answer) == (400, "uitpas/invalid-city")

    def test_of_nobody_is_not_found(self, api, token):
        for nobody in ("0", "me", "9" * 30):
            answer = self.ask(api, token, {"id": nobody})
            assert refusal(answer) == (404, "uitpas/passholder-not-found")


class TestReplacing:
    """PUT /passholders/…"""

    @pytest.fixture
    def token(self, api):
        return api.token("PASSHOLDERS_WRITE", "PASSHOLDERS_WRITE_SOCIALTARIFF", "PASSHOLDERS_SEARCH")

    def made(self, api, token, **more):
        tariff = "registrationSocialTariffEndDate" in more
        body = EVE | {"registrationUitpasNumber": add_card(api, tariff=tariff)} | more
        return api.call("POST", "/passholders", token=token, json=body).json()

    def put(self, api, token, person, **change):
        body = {key: value for key, value in (EVE | change).items() if value is not None}
        return api.call("PUT", f"/passholders/{person['id']}", token=token, json=body)

    def test_what_is_left_out_is_cleared_and_what_only_reads_is_ignored(self, api, token):
        wishes = dict.fromkeys(("serviceMails", "milestoneMails", "infoMails", "sms", "post"), True)
        person = self.made(
            api, token, email="eve@example.be", phoneNumber="0470", gender="FEMALE", optInPreferences=wishes
        )
        answer = self.put(api, token, person, name="De Smet", points=99, uitpasNumber=UNKNOWN, id="7")
        assert answer.status_code == 204
        after = api.get(f"/passholders/{person['id']}", token=token).json()
        assert (after["name"], after["points"], after["uitpasNumber"]) == (
            "De Smet",
            person["points"],
            person["uitpasNumber"],
        )
        assert not {"email", "phoneNumber", "gender"} & after.keys()
        assert not any(after["optInPreferences"].values())

    def test_note_language_and_consent_never_go_out_so_they_stay(self, api, token):
        person = self.made(
            api, token, registrationNote="Belt niet.", parentalConsent=True, legalTermsPaper=True
        )
        said = {"registrationNote": "Anders.", "legalTermsDigital": True}
        assert self.put(api, token, person, **said).status_code == 204
        with api.database.reading() as session:
            details = session.get_one(PassholderDetails, int(person["id"]))
            assert (details.note, details.parental_consent) == ("Belt niet.", True)
            assert details.legal_terms == ["digital", "paper"]

    def test_a_national_number_that_is_known_is_not_changed(self, api, token):
        person = self.made(api, token)
        answer = self.put(api, token, person, inszNumber="83030201639")
        assert refusal(answer) == (400, "body/invalid-data")
        assert self.put(api, token, person, inszNumber=None).status_code == 204

    def test_the_kansenstatuut_is_extended_by_who_may_grant_it(self, api, token):
        first, later = date(TODAY.year + 1, 1, 31), date(TODAY.year + 1, 12, 31)
        person = self.made(api, token, registrationSocialTariffEndDate=str(first))
        asked = {"registrationSocialTariffEndDate": str(later)}
        assert refusal(self.put(api, api.token("PASSHOLDERS_WRITE"), person, **asked)) == (
            403,
            "auth/forbidden",
        )
        assert self.put(api, token, person, **asked).status_code == 204
        with api.database.reading() as session:
            assert session.get_one(Membership, (int(person["id"]), SYSTEM)).social_tariff_end == later
        too_far = {"registrationSocialTariffEndDate": f"{TODAY.year + 2}-01-01"}
        assert refusal(self.put(api, token, person, **too_far)) == (400, "body/invalid-data")
        shorter = {"registrationSocialTariffEndDate": str(first)}
        assert refusal(self.put(api, token, person, **shorter)) == (400, "body/invalid-data")
        assert self.put(api, token, person, **asked).status_code == 204

    def test_where_there_is_none_it_cannot_be_extended(self, api, token):
        person = self.made(api, token)
        answer = self.put(api, token, person, registrationSocialTariffEndDate=str(TODAY))
        assert refusal(answer) == (400, "body/invalid-data")

    def test_a_move_abroad_needs_the_right_and_one_out_of_the_region_is_impossible(self, api, token):
        person = self.made(api, token, registrationSocialTariffEndDate=str(TODAY))
        abroad = {"address": {"postalCode": "59000", "city": "Lille", "country": "FR"}}
        assert refusal(self.put(api, token, person, **abroad)) == (403, "auth/forbidden")
        with api.database.writing() as session:
            session.add(RegistrationRules(card_system_id=SYSTEM, municipalities=["Gent"]))
        wide = api.token("PASSHOLDERS_WRITE", "PASSHOLDERS_WRITE_SOCIALTARIFF_FULL_CARDSYSTEM")
        answer = self.put(api, wide, person, address={"postalCode": "8400", "city": "Oostende"})
        assert answer.json()["schemaErrors"] == [{"jsonPointer": "/address/city", "error": "leaves-region"}]

    def test_of_another_card_system_is_not_for_this_program(self, api, token):
        with api.database.writing() as session:
            create_card_system(session, 3, "Paspartoe", prefixes=["09300"])
            (holder,) = add_holders(session, 1, system=3)
        assert refusal(self.put(api, token, {"id": holder.ref})) == (403, "auth/forbidden")


class TestDeleting:
    """DELETE /passholders/…"""

    @pytest.fixture
    def holder(self, api):
        with api.database.writing() as session:
            (one,) = add_holders(session, 1)
            return one

    def test_leaves_nobody(self, api, holder):
        token = api.token("PASSHOLDERS_DELETE", "PASSHOLDERS_SEARCH", "PASSES_READ")
        path = f"/passholders/{holder.ref}"
        assert api.call("DELETE", path, token=token).status_code == 204
        for method in ("DELETE", "GET"):
            assert refusal(api.call(method, path, token=token)) == (404, "uitpas/passholder-not-found")
        found = api.get("/passes", token=token, params={"identifier": holder.uitpas_number})
        assert refusal(found) == (404, "uitpas/pass-not-found")

    def test_needs_its_permission_in_each_of_his_card_systems(self, api, holder):
        path = f"/passholders/{holder.ref}"
        answer = api.call("DELETE", path, token=api.token("PASSHOLDERS_WRITE"))
        assert refusal(answer) == (403, "auth/forbidden")
        with api.database.writing() as session:
            create_card_system(session, 3, "Paspartoe", prefixes=["09300"])
            session.add(Membership(passholder_ref=holder.ref, card_system_id=3))
        answer = api.call("DELETE", path, token=api.token("PASSHOLDERS_DELETE"))
        assert refusal(answer) == (403, "auth/forbidden")


class TestADigitalCard:
    """registrationCardType DIGITAL, where the card system gives them."""

    @pytest.fixture
    def body(self):
        return EVE | {"registrationCardType": "DIGITAL"}

    def allow(self, api, kind):
        with api.database.writing() as session:
            session.merge(RegistrationRules(card_system_id=SYSTEM, municipalities=[], cardless=kind))

    def test_is_nothing_but_a_number_that_works(self, api, token, body):
        assert refusal(api.call("POST", "/passholders", token=token, json=body)) == (403, "auth/forbidden")
        self.allow(api, "REGULAR")
        taken = add_card(api)
        person = api.call("POST", "/passholders", token=token, json=body).json()
        number = person["uitpasNumber"]
        assert int(number[5:11]) == int(taken[5:11]) + 1
        (member,) = person["cardSystemMemberships"]
        assert (member["currentCard"]["cardType"], member["currentCard"]["status"]) == ("DIGITAL", "ACTIVE")
        found = api.get("/passes", token=token, params={"identifier": number}).json()
        assert found["passholderId"] == person["id"]

    def test_shows_the_kansenstatuut_when_it_comes_with_it(self, api, body):
        token = api.token("PASSHOLDERS_WRITE", "PASSHOLDERS_WRITE_SOCIALTARIFF")
        self.allow(api, "ALL")
        person = api.call("POST", "/passholders", token=token, json=body).json()
        path = f"/passholders/{person['id']}/memberships/{SYSTEM}"
        wish = {"cardType": "DIGITAL", "registrationOrganizer": {"id": ORGANIZER}, "socialTariff": {}}
        assert api.call("POST", path, token=token, json=wish).status_code == 201
        with api.database.reading() as session:
            cards = session.exec(select(Card).where(Card.passholder_ref == int(person["id"]))).all()
            assert {(card.uitpas_number[-2], card.state) for card in cards} == {
                ("0", "BLOCKED"),
                ("1", "ACTIVE"),
            }

    def test_is_said_of_its_card_system(self, api, token):
        assert api.get(f"/card-systems/{SYSTEM}", token=token).json()["cardlessRegistrationType"] == "NONE"
        self.allow(api, "REGULAR")
        seen = api.get(f"/card-systems/{SYSTEM}", token=token).json()
        assert (seen["cardlessRegistrationType"], seen["allowsCardlessRegistration"]) == ("REGULAR", True)


def test_who_moves_into_the_region_joins_with_the_kansenstatuut(api):
    token = api.token("PASSHOLDERS_WRITE", "PASSHOLDERS_WRITE_SOCIALTARIFF", "PASSHOLDERS_SEARCH")
    body = EVE | {"registrationUitpasNumber": add_card(api)}
    body["address"] = {"postalCode": "9300", "city": "Aalst", "street": "Kerkstraat", "number": "1"}
    person = api.call("POST", "/passholders", token=token, json=body).json()
    with api.database.writing() as session:
        session.add(RegistrationRules(card_system_id=SYSTEM, municipalities=["Gent"]))
    special = add_card(api, 950, tariff=True)
    asked = {
        "cardType": "NFC_CARD",
        "uitpasNumber": special,
        "socialTariff": {},
        "registrationOrganizer": {"id": ORGANIZER},
    }
    path = f"/passholders/{person['id']}/memberships/{SYSTEM}"
    assert refusal(api.call("POST", path, token=token, json=asked)) == (400, "uitpas/invalid-city")
    elsewhere = {"street": "Dijk 3", "postalCode": "8400", "city": "Oostende"}
    answer = api.call("POST", path, token=token, json=asked | {"address": elsewhere})
    assert refusal(answer) == (400, "uitpas/invalid-city")
    here = {"street": "Dorpsstraat 12", "postalCode": "9040", "city": "Sint-Amandsberg"}
    assert api.call("POST", path, token=token, json=asked | {"address": here}).status_code == 201
    after = api.get(f"/passholders/{person['id']}", token=token).json()
    assert (after["city"], after["address"]["number"], after["uitpasNumber"]) == ("Gent", "12", special)


def test_a_card_that_shows_the_kansenstatuut_means_the_default_last_day(api):
    token = api.token("PASSHOLDERS_WRITE", "PASSHOLDERS_WRITE_SOCIALTARIFF")
    body = EVE | {"registrationUitpasNumber": add_card(api, tariff=True)}
    (member,) = api.call("POST", "/passholders", token=token, json=body).json()["cardSystemMemberships"]
    assert member["socialTariff"]["endDate"].startswith(f"{TODAY.year + 1}-04-30")


class TestLookingFor:
    """GET /passholders by what is known of somebody."""

    @pytest.fixture
    def token(self, api):
        return api.token("PASSHOLDERS_WRITE", "PASSHOLDERS_SEARCH")

    @pytest.fixture
    def people(self, api, token):
        """Register three people; their first names in the order of their last names."""
        known = (
            ("Aerts", "Zoë", "1950-05-05", "zoe@example.be", "Kerkstraat"),
            ("Bogaert", "Bo", "1983-03-02", "bo@School.be", "Kerkplein 100%"),
            ("Claes", "Cas", "2015-02-17", None, "Dijk"),
        )
        with api.database.writing() as session:
            authorised = [one.id for one in groups_of(session, [SYSTEM]) if one.name.startswith("Geauth")]
            put_groups(session, api.counter, [SYSTEM], authorised)
        for serial, (last, first, born, email, street) in enumerate(known, 700):
            body = {key: value for key, value in EVE.items() if key != "inszNumber"} | {
                "name": last,
                "firstName": first,
                "dateOfBirth": born,
                "parentalConsent": True,
                "registrationUitpasNumber": add_card(api, serial),
                "address": {"postalCode": "9000", "city": "Gent", "street": street},
            }
            body |= {"email": email} if email else {}
            assert api.call("POST", "/passholders", token=token, json=body).status_code == 200

    def test_finds_members_for_whom_all_of_it_holds(self, api, token, people):
        for asked, found in (
            ({}, ["Zoë", "Bo", "Cas"]),
            ({"sort[name]": "desc"}, ["Cas", "Bo", "Zoë"]),
            ({"name": "bog"}, ["Bo"]),
            ({"name": "claes", "firstName": "bo"}, []),
            ({"email": "zoe@example.be"}, ["Zoë"]),
            ({"email": "*@school.be"}, ["Bo"]),
            ({"address.street": "kerk*"}, ["Zoë", "Bo"]),
            ({"address.street": "*0%"}, ["Bo"]),
            ({"address.street": "Ker_straat"}, []),
            ({"address.city": "gent"}, ["Zoë", "Bo", "Cas"]),
            ({"address.city": "Oost*"}, []),
            ({"dateOfBirthFrom": "1983-03-02"}, ["Bo", "Cas"]),
            ({"dateOfBirthFrom": "1950-05-06", "dateOfBirthTo": "1983-03-02"}, ["Bo"]),
            ({"organizerId": ORGANIZER, "name": "aerts"}, ["Zoë"]),
        ):
            answer = api.get("/passholders", token=token, params=asked).json()
            names = [one["firstName"] for one in answer["member"]]
            assert (names, answer["totalItems"]) == (found, len(found)), asked

    def test_comes_in_pages_and_only_who_was_shown_was_looked_at(self, api, token, people):
        answer = api.get("/passholders", token=token, params={"start": 1, "limit": 1}).json()
        assert ([one["firstName"] for one in answer["member"]], answer["totalItems"]) == (["Bo"], 3)
        with api.database.reading() as session:
            assert len(session.exec(select(AuditEntry).where(AuditEntry.action == "look")).all()) == 1
        too_many = api.get("/passholders", token=token, params={"limit": 501})
        assert refusal(too_many) == (400, "url/query-limit-exceeded")

    def test_stays_within_the_card_systems_of_the_program_unless_it_may_see_all(self, api, token, people):
        with api.database.writing() as session:
            create_card_system(session, 3, "Paspartoe", prefixes=["09300"])
            add_holders(session, 1, first=900, system=3)
        assert api.get("/passholders", token=token).json()["totalItems"] == 3
        everybody = api.token("PASSHOLDERS_SEARCH_ALL")
        assert api.get("/passholders", token=everybody).json()["totalItems"] == 4
        for asked, problem in (
            ({"organizerId": "nobody"}, "uitpas/organizer-not-found"),
            ({"associationId": "1"}, "uitpas/association-not-found"),
        ):
            assert refusal(api.get("/passholders", token=token, params=asked)) == (400, problem)


def test_who_tries_references_is_stopped_and_may_go_on_with_his_own(api, token, monkeypatch):
    monkeypatch.setattr("server.registration.api._STRANGERS", 3)
    with api.database.writing() as session:
        (holder,) = add_holders(session, 1)
        create_card_system(session, 77, "Elders")
        session.add(Passholder(ref=500, first_name="Zoë", last_name="Maes", birth_date=date(1990, 1, 1)))
        session.flush()
        session.add(Membership(passholder_ref=500, card_system_id=77))
    assert api.get("/passholders/500", token=token).status_code == 200
    for _ in range(2):
        assert refusal(api.get("/passholders/12345", token=token)) == (404, "uitpas/passholder-not-found")
    stopped = api.get("/passholders/500", token=token)
    assert refusal(stopped) == (429, "uitpas/rate-limited")
    assert 0 < int(stopped.headers["retry-after"]) <= 600
    unknown = api.get("/passholders", token=token, params={"uitpasNumber": UNKNOWN})
    assert unknown.status_code == 429
    assert api.get(f"/passholders/{holder.ref}", token=token).status_code == 200
    assert api.get("/passholders/500", token=api.token("PASSHOLDERS_SEARCH")).status_code == 200


def test_all_people_of_several_card_systems_are_counted_once_each(api, token):
    with api.database.writing() as session:
        first, _second = add_holders(session, 2)
        create_card_system(session, 77, "Elders")
        session.add(Membership(passholder_ref=first.ref, card_system_id=77))
    everywhere = api.token("PASSHOLDERS_SEARCH_ALL")
    assert api.get("/passholders", token=token).json()["totalItems"] == 2
    assert api.get("/passholders", token=everywhere).json()["totalItems"] == 2
