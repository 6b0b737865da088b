"""Saving a point with a phone: the code, the form, every outcome."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from server.cards.models import Card
from server.checkins.birthdate import parse_birth_date
from server.checkins.models import LEDGER, Checkin
from server.events.models import Event
from server.kernel.vault import Vault
from server.kiosks.models import Kiosk, KioskLive
from server.passholders.models import Passholder
from shared.domain.codes import make_code
from shared.domain.zones import BRUSSELS

MUSIC = "4d0c1c6a-2f37-4b7e-9a57-0c3f1e5b7a11"
FILM = "c81e4a3d-0b6f-4e92-a7d5-3f6b8c0d1e13"
PUPPETS = "373d6cee-b4ae-4637-9b7c-eeb79e45f044"
MIRA, MIRA_BORN = "0900000095902", "02/03/1983"


def code(site, event=MUSIC, *, ago=0.0, kiosk=1):
    with site.database.writing() as session:
        row = session.get_one(Kiosk, kiosk)
        row.state = "active"
        key = Vault(site.settings.secret_key).open(row.code_key)
        number = session.get_one(Event, event).number
    return make_code(key, kiosk, number, datetime.now(UTC) - timedelta(seconds=ago))


def note(page):
    return re.search(r'name="scan" value="([^"]+)"', page).group(1)


def scan(site, event=MUSIC):
    """Scan a code; return its path and the note in the form."""
    path = f"/c/{code(site, event)}"
    return path, note(site.client.get(path).text)


def save(site, number=MIRA, born=MIRA_BORN, event=MUSIC, **fields):
    path, signed = scan(site, event)
    return send(site, path, {"scan": signed, "number": number, "born": born} | fields)


def send(site, path, data):
    """Send the form and go where the answer leads, as a browser does."""
    answer = site.client.post(path, data=data)
    return site.client.get(answer.headers["location"]) if answer.status_code == 303 else answer


def outcome(answer):
    return re.search(r'data-outcome="(\w+)"', answer.text).group(1)


def test_a_good_code_asks_number_and_birth_date_for_the_activity(any_site):
    page = any_site.client.get(f"/c/{code(any_site)}").text
    assert "Muziekinstuif voor iedereen" in page
    assert 'name="number"' in page
    assert 'name="born"' in page


def test_the_point_is_saved_and_the_new_balance_told(any_site):
    answer = save(any_site)
    assert answer.status_code == 200
    assert outcome(answer) == "ok"
    assert "Je hebt er een punt bij. Je hebt nu 11 punten." in answer.text
    with any_site.database.reading() as session:
        kept = session.exec(select(Checkin)).one()
        holder = session.get_one(Passholder, kept.passholder_ref)
        ledger = session.exec(select(LEDGER.c.points).where(LEDGER.c.checkin_id == kept.id)).one()
    assert (kept.source, kept.kiosk, kept.event_id, kept.verdict) == ("qr", 1, MUSIC, "granted")
    assert (holder.points, ledger) == (11, 1)


def test_the_link_of_the_zuil_is_upper_case_and_works(site):
    assert site.client.get(f"/C/{code(site)}").status_code == 200


def test_a_second_scan_on_the_same_day_gives_no_second_point(site):
    save(site)
    answer = save(site)
    assert outcome(answer) == "maximum_reached"
    assert "1 keer per dag is het maximum" in answer.text


@pytest.mark.parametrize(
    ("number", "born", "told"),
    [
        ("0900000002312", "03/03/1971", "card_blocked"),
        ("0900000031618", "01/01/1966", "social_tariff_expired"),
        ("0900000074519", "01/01/2000", "card_not_in_use"),
        ("0900000045410", "01/01/2000", "group_pass"),
        ("0900000067513", "13/05/1936", "ok"),
        ("1000000520006", "1-1-1980", "ok"),
        ("0900004518305", "01011980", "ok"),
    ],
)
def test_each_card_of_the_test_set_hears_its_own_outcome(site, number, born, told):
    assert outcome(save(site, number, born)) in (told, "no_membership" if "expired" in told else told)


def test_an_activity_that_is_not_open_yet_says_from_when(site):
    answer = save(site, event=FILM)
    assert outcome(answer) == "too_early"
    assert "vanaf" in answer.text


def test_an_activity_of_another_counter_gives_nothing(site):
    assert outcome(save(site, event=PUPPETS)) == "counter_not_allowed"


def test_a_deleted_card_is_told_so(site):
    with site.database.writing() as session:
        session.get_one(Card, MIRA).state = "DELETED"
    assert outcome(save(site)) == "card_deleted"


@pytest.mark.parametrize(
    ("number", "born"), [("0900000095902", "03/03/1983"), ("0900000000001", "02/03/1983")]
)
def test_a_wrong_birth_date_and_an_unknown_number_sound_the_same_and_leave_no_trace(site, number, born):
    number = number if number == MIRA else "0900000010109"
    answer = save(site, number, born)
    assert answer.status_code == 422
    assert "We vinden geen UiTPAS met dit nummer en deze geboortedatum." in answer.text
    with site.database.reading() as session:
        assert session.exec(select(Checkin)).all() == []


@pytest.mark.parametrize(
    ("number", "born", "sentence"),
    [
        ("123", MIRA_BORN, "Een UiTPAS-nummer telt 13 cijfers."),
        ("0900000095903", MIRA_BORN, "Dit nummer klopt niet. Vergelijk elk cijfer met je kaart."),
        (MIRA, "31/02/1983", "Dit is geen geboortedatum."),
        (MIRA, "", "Dit is geen geboortedatum."),
        ("", MIRA_BORN, "Een UiTPAS-nummer telt 13 cijfers."),
    ],
)
def test_what_was_typed_wrong_is_said_beside_it_and_the_rest_is_kept(site, number, born, sentence):
    answer = save(site, number, born)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert f'value="{number}"' in answer.text


def test_an_expired_code_is_gone_and_says_to_scan_again(site):
    answer = site.client.get(f"/c/{code(site, ago=120)}")
    assert answer.status_code == 410
    assert "Scan de code op de zuil opnieuw." in answer.text


def test_the_known_clock_error_of_the_zuil_is_forgiven_and_nothing_more(site):
    late = code(site, ago=50)
    assert site.client.get(f"/c/{late}").status_code == 410
    site.report(1, clock_offset_ms=55_000)
    assert site.client.get(f"/c/{late}").status_code == 200
    assert site.client.get(f"/c/{code(site, ago=140)}").status_code == 410


@pytest.mark.parametrize("text", ["", "abc", "A" * 25, "%F0%9F%98%80", "0" * 25])
def test_what_is_no_code_is_not_recognised(site, text):
    answer = site.client.get(f"/c/{text}")
    assert answer.status_code == 404


@pytest.mark.parametrize("change", [{"state": "blocked"}, {"qr": False}])
def test_a_zuil_that_may_show_no_code_has_none(site, change):
    made = code(site)
    with site.database.writing() as session:
        session.get_one(Kiosk, 1).sqlmodel_update(change)
    assert site.client.get(f"/c/{made}").status_code == 404


def test_typing_may_take_longer_than_the_code_lives(site, monkeypatch):
    path, signed = scan(site)
    from server.checkins import scan as module

    monkeypatch.setattr(
        module, "verify_code", lambda *_args, **_kwargs: pytest.fail("the code is not asked again")
    )
    answer = send(site, path, {"scan": signed, "number": MIRA, "born": MIRA_BORN})
    assert outcome(answer) == "ok"


@pytest.mark.parametrize("forged", ["", "x.y.z"])
def test_without_our_note_of_the_scan_nothing_is_saved(site, forged):
    path, _ = scan(site)
    answer = site.client.post(path, data={"scan": forged, "number": MIRA, "born": MIRA_BORN})
    assert (answer.status_code, outcome(answer)) == (410, "code_expired")


def test_a_note_belongs_to_its_own_code(site):
    _, signed = scan(site)
    other = f"/c/{code(site, kiosk=2)}"
    answer = site.client.post(other, data={"scan": signed, "number": MIRA, "born": MIRA_BORN})
    assert outcome(answer) == "code_invalid"


def test_the_next_of_the_family_uses_the_same_scan(site):
    path, signed = scan(site)
    first = send(site, path, {"scan": signed, "number": "0900011902815", "born": "30/06/1991"})
    empty = site.client.post(path, data={"scan": note(first.text)})
    assert empty.status_code == 200
    second = send(site, path, {"scan": note(empty.text), "number": "0900011903417", "born": "17/02/2015"})
    assert outcome(second) == "ok"


def test_the_number_is_remembered_on_the_phone_only_when_asked(site):
    answer = save(site)
    assert "uitpas_nummer" not in site.client.cookies
    path, signed = scan(site)
    answer = site.client.post(
        path, data={"scan": signed, "number": MIRA, "born": MIRA_BORN, "remember": "yes"}
    )
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert f'value="{MIRA}"' in site.client.get(f"/c/{code(site)}").text
    save(site)
    assert "uitpas_nummer" not in site.client.cookies


def test_guessing_birth_dates_is_stopped_with_429(site):
    path, signed = scan(site)
    answers = [
        site.client.post(path, data={"scan": signed, "number": MIRA, "born": f"0{day}/01/1990"}).status_code
        for day in range(1, 10)
    ]
    assert answers == [422] * 8 + [429]
    answer = site.client.post(path, data={"scan": signed, "number": MIRA, "born": MIRA_BORN})
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert "te veel pogingen" in answer.text
    assert note(answer.text) == signed  # the form is still there, and the scan with it
    said = re.search(r"Probeer opnieuw om (\d\d):(\d\d)", answer.text)
    until = datetime.now(UTC) + timedelta(seconds=int(answer.headers["retry-after"]))
    minutes = int(said[1]) * 60 + int(said[2]) - to_minutes(until)
    assert minutes in (0, 1)


def to_minutes(at):
    local = at.astimezone(BRUSSELS)
    return local.hour * 60 + local.minute


def test_the_result_is_a_page_of_its_own_that_saves_nothing_again(any_site):
    path, signed = scan(any_site)
    answer = any_site.client.post(path, data={"scan": signed, "number": MIRA, "born": MIRA_BORN})
    assert answer.status_code == 303
    place = answer.headers["location"]
    assert MIRA not in place
    for _again in range(2):
        assert outcome(any_site.client.get(place)) == "ok"
    with any_site.database.reading() as session:
        assert len(session.exec(select(Checkin)).all()) == 1
    other = f"/c/{code(any_site, kiosk=2)}/klaar/{place.rsplit('/', 1)[1]}"
    assert outcome(any_site.client.get(other)) == "code_invalid"
    assert outcome(any_site.client.get(f"{path}/klaar/{signed}")) == "code_expired"


def test_the_page_speaks_the_visitors_language(site):
    page = site.client.get(f"/c/{code(site)}", headers={"accept-language": "fr"}).text
    assert "Après-midi musical pour tous" in page
    assert "Votre date de naissance" in page


def test_nothing_is_known_of_a_kiosk_that_never_spoke(site):
    with site.database.reading() as session:
        assert session.get(KioskLive, 1) is None
    assert site.client.get(f"/c/{code(site)}").status_code == 200


@given(
    st.dates(min_value=date(1900, 1, 1), max_value=date(2026, 1, 1)),
    st.sampled_from(["/", "-", ".", " ", " / "]),
)
def test_a_birth_date_reads_back_however_it_is_typed(born, mark):
    today = date(2026, 11, 22)
    for text in (f"{born.day}{mark}{born.month}{mark}{born.year}", f"{born:%d%m%Y}", f"{born:%Y-%m-%d}"):
        assert parse_birth_date(text, today) == born


@given(st.text(max_size=14))
def test_any_other_text_is_no_birth_date_and_no_error(text):
    born = parse_birth_date(text, date(2026, 11, 22))
    assert born is None or born <= date(2026, 11, 22)


def test_nobody_is_born_tomorrow():
    assert parse_birth_date("23/11/2026", date(2026, 11, 22)) is None
