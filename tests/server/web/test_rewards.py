"""Welcome rewards on the pages of the KSB, of a counter, and of who has them."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from server.cards.models import Card
from server.cardsystems.models import PermissionGroup
from server.counters.models import Counter, CounterGroup
from server.kernel.audit import AuditEntry
from server.passholders.models import Passholder
from server.rewards.models import Reward, RewardGrant, RewardRedemption

HERE = "/dashboard/pashouders/5/voordelen"
PEOPLE = "/balie/pashouders"
TODAY = datetime.now(UTC).date()
FORM = {
    "title": "Gratis rondleiding",
    "description": "Eén keer zwemmen in een zwembad van de stad.",
    "system": "5",
    "granting_from": TODAY.isoformat(),
    "publication_from": TODAY.isoformat(),
}
NADIA = {
    "system": "5",
    "first_name": "Nadia",
    "last_name": "Verstraete",
    "birth_date": "1990-05-01",
    "postcode": "9000",
    "place": "Gent",
    "no_email": "yes",
}


@pytest.fixture
def ksb(site):
    site.log_in("Karima El Idrissi")
    return site


def make(site, **changed):
    answer = site.client.post(f"{HERE}/nieuw", data=FORM | changed)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].split("?")[0]


def register(site):
    """Register Nadia at the library; return what was shown before, and her page."""
    with site.database.reading() as session:
        free = select(Card).where(Card.state == "LOCAL_STOCK", Card.counter_id.is_not(None))
        card = session.exec(free.order_by(Card.uitpas_number)).first().uitpas_number
    form = NADIA | {"card": card}
    shown = site.client.post(f"{PEOPLE}/registreren", data=form).text
    done = site.client.post(f"{PEOPLE}/registreren", data=form | {"sure": "yes"})
    assert done.status_code == 303, done.text
    return shown, done.headers["location"].split("?")[0]


def test_a_reward_goes_from_the_ksb_over_the_counter_to_the_pashouder(ksb):
    page = make(ksb)
    assert "Gratis rondleiding" in ksb.client.get(HERE).text
    ksb.log_in("Ann Peeters", "Bibliotheek")
    shown, person = register(ksb)
    assert ("Krijgt als welkom" in shown, "Gratis rondleiding" in shown) == (True, True)
    assert "Gratis rondleiding" in ksb.client.get(person).text
    with ksb.database.reading() as session:
        (reward,) = session.exec(select(Reward).where(Reward.title == "Gratis rondleiding"))
    given = ksb.client.post(f"{person}/voordelen", data={"reward": reward.id})
    told = ksb.client.get(given.headers["location"]).text
    assert ("Het voordeel is meegegeven." in told, "Terugnemen" in told) == (True, True)
    again = ksb.client.post(f"{person}/voordelen", data={"reward": reward.id})
    assert (again.status_code, "Dit welkomstvoordeel heb je al gekregen." in again.text) == (422, True)
    ksb.log_in("Karima El Idrissi")
    taken = ksb.client.get(f"{HERE}/opgenomen", params={"voordeel": reward.id, "van": TODAY.isoformat()})
    assert "Nadia Verstraete" in taken.text
    assert "Niemand nam" in ksb.client.get(f"{HERE}/opgenomen", params={"tot": "2020-01-01"}).text
    table = ksb.client.post(f"{HERE}/opgenomen.csv", data={}).text
    assert "Gratis rondleiding" in table
    assert "Verstraete;Nadia;9000" in table
    assert "1 keer toegekend" in ksb.client.get(page).text


def test_a_picture_of_a_reward_is_shown_and_nothing_else_of_its_host_may_come_along(ksb):
    odd, picture = "https://foto.example;script-src */a.jpg", "https://foto.example:8443/zwembad.jpg"
    page = make(ksb, pictures=f"{picture}\nhttps://elders.example/b.jpg")
    with ksb.database.writing() as session:
        reward = session.exec(select(Reward).where(Reward.title == "Gratis rondleiding")).one()
        reward.pictures = [odd, *reward.pictures]  # as a partner's program may have sent it
    assert picture in ksb.client.get(page).text
    ksb.log_in("Ann Peeters", "Bibliotheek")
    _, person = register(ksb)
    shown = ksb.client.get(person)
    policy = shown.headers["content-security-policy"]
    assert f'src="{picture}"' in shown.text
    assert "img-src 'self' https://foto.example:8443 data:;" in policy
    assert "wasm-unsafe-eval" in policy, "the person's page scans too"
    assert ("elders" in policy, "script-src *" in policy) == (False, False)


def test_what_was_handed_out_by_mistake_is_taken_back_by_that_counter_only(ksb):
    make(ksb)
    ksb.log_in("Ann Peeters", "Bibliotheek")
    _, person = register(ksb)
    with ksb.database.reading() as session:
        (reward,) = session.exec(select(Reward).where(Reward.title == "Gratis rondleiding"))
    ksb.client.post(f"{person}/voordelen", data={"reward": reward.id})
    with ksb.database.reading() as session:
        (made,) = session.exec(select(RewardRedemption.id))
    ksb.log_in("Bram Wouters")
    assert ksb.client.post(f"{person}/voordelen/terug", data={"redemption": made}).status_code == 404
    ksb.log_in("Ann Peeters", "Bibliotheek")
    back = ksb.client.post(f"{person}/voordelen/terug", data={"redemption": made})
    assert "Het voordeel is teruggenomen." in ksb.client.get(back.headers["location"]).text
    with ksb.database.reading() as session:
        deeds = [one.action for one in session.exec(select(AuditEntry)) if "reward" in one.action]
    assert deeds == ["redeem-reward", "cancel-reward"]


def test_who_joins_another_region_sees_what_he_is_given_there_and_not_what_he_has(ksb):
    with ksb.database.writing() as session:
        now = datetime.now(UTC)
        for title in ("Gratis film", "Gratis soep"):
            session.add(
                Reward(card_system_id=3, title=title, description="x", publication_begin=now, made_at=now)
            )
        session.flush()
        soup = session.exec(select(Reward.id).where(Reward.title == "Gratis soep")).one()
        ref = session.exec(select(Passholder.ref).where(Passholder.last_name == "Demeester")).one()
        session.add(RewardGrant(passholder_ref=ref, reward_id=soup, at=now))
        counter = session.exec(select(Counter.id).where(Counter.name.startswith("UiTPAS Organisatie"))).one()
        group = session.exec(
            select(PermissionGroup.id).where(
                PermissionGroup.card_system_id == 3, PermissionGroup.name.startswith("Niet-")
            )
        ).one()
        session.add(CounterGroup(counter_id=counter, group_id=group))
    ksb.log_in("Bram Wouters")
    shown = ksb.client.post(f"{PEOPLE}/{ref}/lid", data={"system": "3"}).text
    assert ("Gratis film" in shown, "Gratis soep" in shown) == (True, False)


def test_a_ksb_changes_ends_and_switches_off(ksb):
    page = make(ksb, units="5", cities="gent\nAalst", redeem_to=(TODAY + timedelta(days=30)).isoformat())
    same = ksb.client.post(
        page,
        data=FORM | {"units": "5", "cities": "Aalst\nGent", "redeem_to": (TODAY + timedelta(30)).isoformat()},
    )
    assert same.headers["location"].endswith("hetzelfde")
    assert ksb.client.post(page, data=FORM | {"title": "Gratis thee"}).headers["location"].endswith("bewaard")
    ksb.client.post(f"{page}/einde")
    assert "Dit voordeel is beëindigd" in ksb.client.get(page).text
    assert "beëindigd" in ksb.client.get(HERE).text
    ksb.client.post(f"{HERE}/schakelaars", data={"hands_out": "yes"})
    assert "Deze regio kent nu geen welkomstvoordelen toe." in ksb.client.get(HERE).text
    assert ksb.client.get("/dashboard/logboek", params={"soort": "reward"}).text.count("data-action") == 3


def test_the_begin_of_what_somebody_was_given_is_frozen(ksb):
    page = make(ksb)
    with ksb.database.writing() as session:
        reward = session.exec(select(Reward).where(Reward.title == "Gratis rondleiding")).one()
        reward.units_taken = 1
        holder = session.exec(select(Passholder.ref)).first()
        session.add(RewardGrant(passholder_ref=holder, reward_id=reward.id, at=datetime.now(UTC)))
    later = FORM | {"granting_from": (TODAY + timedelta(days=1)).isoformat()}
    answer = ksb.client.post(page, data=later)
    assert (answer.status_code, "de eerste dag ligt vast" in answer.text) == (422, True)


MISTAKES = (
    ({"title": " "}, "Geef het voordeel een titel van hoogstens 80 tekens."),
    ({"description": ""}, "Vertel wat iemand krijgt."),
    ({"units": "veel"}, "Vul een aantal in van 0 tot 1000000, of laat het leeg."),
    ({"more_info_url": "javascript:alert(1)"}, "Dit is geen webadres."),
    ({"pictures": "http://foto.example/a.jpg"}, "Dit is geen webadres van een foto."),
    ({"pictures": "https://foto.example;script-src */a.jpg"}, "Dit is geen webadres van een foto."),
    ({"cities": "Nergens"}, "“Nergens” is geen gemeente die we kennen."),
    ({"system": ""}, "Kies minstens één kaartsysteem."),
    ({"granting_from": "morgen"}, "Dit is geen dag."),
    ({"granting_to": "2020-01-01"}, "De laatste dag komt voor de eerste."),
    ({"publication_from": ""}, "Vul de eerste dag in."),
)


def test_the_form_says_beforehand_what_it_cannot_do_without(ksb):
    page = ksb.client.get(f"{HERE}/nieuw").text
    assert "Altijd nodig: in een zin wat iemand krijgt." in page
    assert page.count("Altijd nodig.") == 1


def test_each_mistake_has_its_sentence_and_makes_nothing(ksb):
    for changed, sentence in MISTAKES:
        form = {name: text for name, text in (FORM | changed).items() if text or name != "system"}
        answer = ksb.client.post(f"{HERE}/nieuw", data=form)
        assert (answer.status_code, sentence in answer.text) == (422, True), sentence


def test_a_ksb_keeps_no_reward_of_another_region(ksb):
    with ksb.database.writing() as session:
        now = datetime.now(UTC)
        other = Reward(card_system_id=3, title="x", description="x", publication_begin=now, made_at=now)
        session.add(other)
        session.flush()
        id_ = other.id
    assert ksb.client.get(f"{HERE}/{id_}").status_code == 404
    assert ksb.client.get("/dashboard/pashouders/3/voordelen").status_code == 404
