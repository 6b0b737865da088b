"""One zuil on the dashboard: its settings, its keys, what became of it once it was blocked."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from server.cardsystems.models import CardSystem
from server.jobs.rotation import rotate
from server.kernel.audit import AuditEntry
from server.kernel.errors import ProblemError
from server.kiosks.configuration import compose
from server.kiosks.models import Kiosk
from server.kiosks.preferences import put_mode

HERE = "/dashboard/zuilen/1"
GOOD = {"language": ["nl", "en"], "result": "3,5", "lease": "14"}


@pytest.fixture
def ksb(any_site):
    any_site.report(1, event=None)
    any_site.log_in("Karima El Idrissi")
    return any_site


def deeds(site, action):
    with site.database.reading() as session:
        return session.exec(select(AuditEntry).where(AuditEntry.action == action)).all()


def put(site, **fields):
    with site.database.writing() as session:
        kiosk = session.get_one(Kiosk, 1)
        for name, value in fields.items():
            setattr(kiosk, name, value)


def test_languages_qr_and_times_are_set_for_one_zuil(ksb):
    done = ksb.client.post(f"{HERE}/instellingen", data=GOOD)
    assert done.headers["location"].endswith("gelukt=zuilen")
    kiosk = ksb.kiosk("Zuil inkomhal")
    assert (kiosk.languages, kiosk.qr, kiosk.result_seconds, kiosk.lease_days) == (
        ["nl", "en"],
        False,
        3.5,
        14,
    )
    (deed,) = deeds(ksb, "change")
    assert deed.detail["before"]["lease_days"] == 30
    again = ksb.client.post(f"{HERE}/instellingen", data=GOOD)
    assert again.headers["location"].endswith("gelukt=hetzelfde")
    assert len(deeds(ksb, "change")) == 1


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"language": []}, "Kies minstens één taal."),
        ({"result": "0"}, "Kies tussen 1 en 10 seconden."),
        ({"result": "lang"}, "Kies tussen 1 en 10 seconden."),
        ({"lease": "400"}, "Kies tussen 1 en 365 dagen."),
        ({"lease": "1.5"}, "Kies tussen 1 en 365 dagen."),
        ({"lease": ""}, "Kies tussen 1 en 365 dagen."),
    ],
)
def test_what_no_zuil_can_work_with_is_said_beside_it(site, wrong, sentence):
    site.log_in("Karima El Idrissi")
    answer = site.client.post(f"{HERE}/instellingen", data=GOOD | wrong)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert site.kiosk("Zuil inkomhal").lease_days == 30


def test_no_screen_offers_a_mode_while_there_is_only_one(ksb):
    assert "Waarvoor dient de zuil?" not in ksb.client.get(HERE).text
    assert ksb.client.post(f"{HERE}/modus", data={"mode": "ticket"}).status_code == 422
    with ksb.database.writing() as session, pytest.raises(ProblemError):
        put_mode(session, session.get_one(Kiosk, 1), "reward")
    assert ksb.client.post(f"{HERE}/modus", data={"mode": "checkin"}).status_code == 303


def test_fresh_keys_are_asked_for_one_by_one(ksb):
    before = ksb.kiosk("Zuil inkomhal").code_key
    ksb.client.post(f"{HERE}/opdrachten/rotate-key")
    ksb.client.post(f"{HERE}/codesleutel")
    kiosk = ksb.kiosk("Zuil inkomhal")
    assert kiosk.renewal_asked is not None
    assert kiosk.code_key != before
    assert len(deeds(ksb, "renew-credentials")) == len(deeds(ksb, "renew-code-key")) == 1


def test_a_technician_has_a_zuil_show_which_one_it_is(ksb):
    ksb.log_in("Tom Goossens")
    assert "Laat ze knipperen" in ksb.client.get(HERE).text
    assert ksb.client.post(f"{HERE}/opdrachten/identify").status_code == 303
    with ksb.database.reading() as session:
        config = compose(session, session.get_one(Kiosk, 1), "http://x", datetime.now(UTC))
    assert config.identify == 1
    assert len(deeds(ksb, "identify")) == 1


def test_a_key_of_the_cards_is_replaced_when_the_box_is_ticked(ksb):
    page = "/dashboard/instellingen/kaartsystemen/5"
    ksb.client.post(f"{page}/sleutel")
    assert "Dit is sleutel 1." in ksb.client.get(page).text
    ksb.client.post(f"{page}/sleutel", data={"sure": "yes"})
    assert "De nieuwe sleutel is onderweg" in ksb.client.get(page).text
    rotate(ksb.database, ksb.settings)
    assert "Dit is sleutel 2." in ksb.client.get(page).text
    with ksb.database.reading() as session:
        numbers = dict(session.exec(select(CardSystem.id, CardSystem.key_number)).all())
    assert numbers[5] == 2
    assert set(numbers.values()) == {1, 2}
    assert len(deeds(ksb, "use-token-key")) == 1


def farewell(site):
    page = site.client.get(HERE).text
    return page.split('data-farewell="')[1].split('"')[0], page


def test_a_zuil_that_was_off_says_when_it_stops_by_itself(ksb):
    put(ksb, consumer_key="k", lease_days=5)
    ksb.report(1, last_contact=datetime(2026, 3, 1, 11, 0, tzinfo=UTC), lease_days=30)
    ksb.client.post(f"{HERE}/blokkeren", data={"sure": "yes"})
    put(ksb, lease_days=5)
    state, page = farewell(ksb)
    assert state == "out-of-reach"
    assert "31 mrt 2026 om 13:00" in page.replace("mrt.", "mrt"), "thirty days, in summer time"


def test_a_connected_zuil_is_being_told_and_one_that_does_not_answer_is_out_of_reach(ksb):
    put(ksb, consumer_key="k")
    ksb.client.post(f"{HERE}/blokkeren", data={"sure": "yes"})
    state, page = farewell(ksb)
    assert state == "on-its-way"
    assert "niet verbonden" not in page
    now = datetime.now(UTC)
    ksb.report(1, hung_up=now)
    put(ksb, state="blocked", blocked_at=now - timedelta(seconds=1))
    assert farewell(ksb)[0] == "on-its-way", "its stream closed because it was blocked"
    put(ksb, blocked_at=now + timedelta(seconds=1))
    assert farewell(ksb)[0] == "out-of-reach"
    ksb.report(1, last_contact=now - timedelta(minutes=3))
    put(ksb, state="blocked", blocked_at=now)
    assert farewell(ksb)[0] == "out-of-reach"


def streamed(site, monkeypatch, stand):
    monkeypatch.setattr("server.web.streams.LIFETIME_SECONDS", 0.5)
    events = site.client.get(f"{HERE}/stroom?stand={stand}").text.split("\n\n")
    return {event.split("\n")[0].removeprefix("event: "): event for event in events}


def test_the_page_follows_a_zuil_that_is_wiped_without_a_reload(ksb, monkeypatch):
    assert f'sse-connect="{HERE}/stroom?stand=active"' in ksb.client.get(HERE).text
    before = streamed(ksb, monkeypatch, "active")
    assert "zuil" not in before, "nothing that somebody may be filling in is replaced"
    put(ksb, state="new", wiped_at=datetime.now(UTC))
    after = streamed(ksb, monkeypatch, "active")
    assert 'data-farewell="wiped"' in after["afscheid"]
    assert "Nog niet in gebruik" in after["toestand"]
    assert "op-afstand" not in after["zuil"]
    assert "Een toestel aanmelden" in after["zuil"]


def test_a_zuil_that_heard_it_is_followed_until_it_left(ksb):
    music = "4d0c1c6a-2f37-4b7e-9a57-0c3f1e5b7a11"
    ksb.report(1, queue=3, heartbeat={"last_seq": 9}, event=music)
    assert "Muziekinstuif" in ksb.client.get(HERE).text
    ksb.client.post(f"{HERE}/blokkeren", data={"sure": "yes"})
    now = datetime.now(UTC)
    put(ksb, told_at=now)
    state, page = farewell(ksb)
    assert state == "told"
    assert "Muziekinstuif" not in page
    assert "Ze moet nog 3 tikken afgeven." in page
    ksb.report(1, queue=0, heartbeat={"last_seq": 9, "cards": 21}, event=music)
    put(ksb, state="blocked", told_at=now)
    assert farewell(ksb)[0] == "told", "everything is here, but it did not say that it is wiped"
    put(ksb, wiped_at=datetime(2026, 3, 1, 11, 0, tzinfo=UTC))
    state, page = farewell(ksb)
    assert state == "wiped"
    shown = ksb.client.get(HERE).text
    assert "Muziekinstuif" not in shown
    assert "Kaarten in het geheugen</dt><dd>0<" in shown
    assert "1 mrt 2026 om 12:00" in page.replace("mrt.", "mrt")


def test_a_zuil_that_never_spoke_has_nothing_to_destroy(site):
    site.log_in("Karima El Idrissi")
    site.client.post(f"{HERE}/blokkeren", data={"sure": "yes"})
    assert farewell(site)[0] == "never-spoke"


def test_a_technician_sets_nothing(site):
    site.log_in("Tom Goossens")
    for path in (
        "instellingen",
        "opdrachten/rotate-key",
        "opdrachten/wipe",
        "codesleutel",
        "modus",
        "naam",
        "verwijderen",
    ):
        assert site.client.post(f"{HERE}/{path}", data=GOOD).status_code == 403


def test_a_reload_after_a_refused_form_is_the_zuil_again_and_no_number_is_not_found(ksb):
    assert ksb.client.post(f"{HERE}/instellingen", data=GOOD | {"lease": "x"}).status_code == 422
    for path in ("instellingen", "balies", "code", "modus"):
        again = ksb.client.get(f"{HERE}/{path}")
        assert (again.status_code, again.headers["location"]) == (303, HERE)
    answer = ksb.client.get("/dashboard/zuilen/abc")
    assert (answer.status_code, "Niet gevonden" in answer.text) == (404, True)


def test_a_zuil_gets_another_name_and_place(ksb):
    done = ksb.client.post(f"{HERE}/naam", data={"name": " Zuil  foyer ", "place": "Foyer, Kerkstraat 1"})
    assert done.headers["location"].endswith("gelukt=zuilen")
    assert ksb.kiosk("Zuil foyer").place == "Foyer, Kerkstraat 1"
    (deed,) = deeds(ksb, "change")
    assert deed.detail["before"]["name"] == "Zuil inkomhal"
    wrong = ksb.client.post(f"{HERE}/naam", data={"name": " "})
    assert (wrong.status_code, "Geef de zuil een naam" in wrong.text) == (422, True)


def test_a_removed_zuil_is_refused_and_unlisted_and_keeps_its_number_and_history(ksb):
    put(ksb, consumer_key="k")
    ksb.client.post(f"{HERE}/verwijderen")
    assert ksb.kiosk("Zuil inkomhal").state == "active", "the box was not ticked"
    done = ksb.client.post(f"{HERE}/verwijderen", data={"sure": "yes"})
    assert done.headers["location"] == "/dashboard/zuilen?gelukt=weg"
    assert "uit dienst" in ksb.client.get(done.headers["location"]).text
    assert "Zuil inkomhal" not in ksb.client.get("/dashboard/zuilen").text
    assert ksb.client.post(f"{HERE}/naam", data={"name": "x"}).status_code == 404
    kiosk = ksb.kiosk("Zuil inkomhal")
    assert (kiosk.number, kiosk.state, kiosk.consumer_key) == (1, "removed", "k")
    assert [deed.subject_id for deed in deeds(ksb, "remove")] == ["1"]
