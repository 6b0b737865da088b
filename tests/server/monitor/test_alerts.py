"""What goes wrong is told once, to who wants to know, with its root cause, and so is its end."""

import http.server
import json
import socket
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import delete, update
from sqlmodel import col, select

from fakes.crowd import add_crowd
from fakes.field import HOUR, MINUTE, SECOND, START, Field, add_counter, new_field
from fakes.scene import SYSTEM, add_region
from fakes.smtp import SmtpServer
from server.cardsystems.setup import create_card_system
from server.counters.models import CounterCardSystem
from server.kernel.mail import Postbox
from server.kernel.outbox import MOST, OutgoingMail, send_mails
from server.kiosks.models import Kiosk
from server.kiosks.setup import create_kiosk
from server.monitor.handling import snooze
from server.monitor.mailing import write_mails
from server.monitor.models import (
    AlertWebhook,
    AlertWish,
    Incident,
    KioskWatch,
    Notice,
    WatchRules,
    WebhookCall,
)
from server.monitor.notices import Rhythm, due_at, escalate
from server.monitor.runner import look
from server.monitor.webhook import (
    INSIDE,
    SIGNATURE,
    InsideError,
    Target,
    post_calls,
    post_due,
    sign,
    way_outside,
)
from server.settings import Settings
from server.staff.models import Staff, StaffRole
from shared.domain.zones import from_millis, to_millis

HERE = "https://uitpas.test"


@pytest.fixture
def inbox():
    with SmtpServer() as inbox:
        yield inbox


@pytest.fixture
def field(database):
    with database.writing() as session:
        counters = [add_region(session), add_counter(session, "Bib"), add_counter(session, "Zwembad")]
    return new_field(database, counters, each=3)


def add_person(database, name, *, role="ksb", system=SYSTEM, wishes=(), language="nl"):
    """Add someone with a function; wishes: (state, rhythm). Return the id."""
    with database.writing() as session:
        staff = Staff(uitid=name, name=name, email=f"{name}@uitpas.test")
        session.add(staff)
        session.flush()
        session.add(StaffRole(staff_id=staff.id, role=role, card_system_id=system))
        for state, rhythm in wishes:
            session.add(
                AlertWish(
                    staff_id=staff.id, card_system_id=system, state=state, rhythm=rhythm, language=language
                )
            )
        return staff.id


def post(database, inbox, now):
    """Do what the job does."""
    with database.writing() as session:
        write_mails(session, now, HERE)
    send_mails(database, Postbox(inbox.url, "zuilen@uitpas.test"), now)


def incidents(database):
    with database.reading() as session:
        rows = session.exec(select(Incident).order_by(col(Incident.id)))
        return [
            (row.scope, row.key, row.state, row.cause, row.kiosks, row.closed is not None) for row in rows
        ]


def test_a_silent_zuil_is_an_incident_that_is_told_and_so_is_its_end(field, inbox):
    add_person(field.database, "karima", wishes=[("offline", "now")])
    quiet, *others = field.kiosks
    field.wait(230, speaking=others, step=10)
    assert incidents(field.database) == [], "silence is gathered first"
    field.wait(10, speaking=others, step=10)
    assert incidents(field.database) == [("kiosk", str(quiet), "offline", "silent", 1, False)]
    with field.database.reading() as session:
        assert session.get_one(Incident, 1).opened == session.get_one(KioskWatch, quiet).since
    post(field.database, inbox, field.now)
    assert inbox.letters == [], "its neighbours may be next"
    field.wait(30, speaking=others)
    post(field.database, inbox, field.now)
    post(field.database, inbox, field.now)
    (letter,) = inbox.to("karima@uitpas.test")
    assert letter["subject"] == "Zuil 1.1 · De Centrale: Laat niets van zich horen"
    assert f"{HERE}/monitor/meldingen/1" in letter.get_content()
    field.wait(400, speaking=field.kiosks)
    assert incidents(field.database)[0][-1]
    post(field.database, inbox, field.now + MINUTE)
    assert inbox.to("karima@uitpas.test")[1]["subject"].startswith("Opgelost: Zuil 1.1")


def test_who_asked_for_silence_hears_that_it_is_over_when_the_silence_is(field, inbox):
    add_person(field.database, "karima", wishes=[("offline", "now")])
    add_person(field.database, "tom", role="technician", wishes=[("offline", "daily")])
    field.wait(400, speaking=field.kiosks[1:])
    post(field.database, inbox, field.now)
    assert len(inbox.to("karima@uitpas.test")) == 1
    until = field.now + HOUR
    with field.database.writing() as session:
        snooze(session, session.get_one(Incident, 1), field.now, 1, 1)
    field.wait(400, speaking=field.kiosks)
    assert incidents(field.database)[0][-1]
    post(field.database, inbox, until - SECOND)
    assert len(inbox.to("karima@uitpas.test")) == 1
    post(field.database, inbox, until)
    assert inbox.to("karima@uitpas.test")[1]["subject"].startswith("Opgelost: Zuil 1.1")
    post(field.database, inbox, to_millis(datetime(2026, 11, 24, 6, 0, tzinfo=UTC)))
    assert "Opgelost" in inbox.to("tom@uitpas.test")[0].get_content()


def test_a_line_that_flaps_is_one_incident(field):
    _, *others = field.kiosks
    for _ in range(4):
        field.wait(300, speaking=others)
        field.wait(60, speaking=field.kiosks)
    assert len(incidents(field.database)) == 1


def test_all_zuilen_of_a_counter_are_one_incident_and_one_mail(field, inbox):
    add_person(field.database, "karima", wishes=[("offline", "now")])
    field.wait(300, speaking=field.kiosks[3:])
    (found,) = incidents(field.database)
    assert (found[0], found[4]) == ("counter", 3)
    post(field.database, inbox, field.now + MINUTE)
    (letter,) = inbox.letters
    assert letter[1]["subject"].startswith("Alle 3 zuilen van De Centrale")


def test_a_fault_that_gets_worse_is_told_again_and_a_closed_place_not_at_all(field, inbox):
    add_person(field.database, "karima", wishes=[("warning", "now"), ("error", "now")])
    kiosk = field.kiosks[0]
    for signal, reader in ((-90, "ok"), (-90, "The reader is away.")):
        for _ in range(4):
            field.wait(30, speaking=field.kiosks[1:])
            field.speak(kiosk, reader=reader, telemetry={"signal": signal})
            field.look()
        post(field.database, inbox, field.now + MINUTE)
        field.now += 6 * MINUTE if reader == "ok" else 0
        for one in field.kiosks:
            field.speak(one, telemetry={"signal": -90} if one == kiosk else {})
    (found,) = incidents(field.database)
    assert found[2:4] == ("error", "reader")
    subjects = [letter["subject"] for _, letter in inbox.letters]
    assert subjects == [
        "Zuil 1.1 · De Centrale: Zwakke wifi",
        "Zuil 1.1 · De Centrale: De kaartlezer werkt niet",
    ]


def test_a_zuil_that_was_blocked_is_told_to_who_wishes_it_and_so_is_its_end(field, inbox):
    first = field.kiosks[0]

    def put(state):
        with field.database.writing() as session:
            session.get_one(Kiosk, first).state = state
            session.get_one(KioskWatch, first).due = 0

    put("blocked")
    field.wait(120, speaking=field.kiosks)
    assert incidents(field.database) == [], "nobody wishes to hear of it"
    add_person(field.database, "karima", wishes=[("blocked", "now")])
    field.wait(60, speaking=field.kiosks)
    post(field.database, inbox, field.now + MINUTE)
    put("active")
    field.wait(60, speaking=field.kiosks)
    post(field.database, inbox, field.now + 10 * MINUTE)
    assert [letter["subject"] for letter in inbox.to("karima@uitpas.test")] == [
        "Zuil 1.1 · De Centrale: Geblokkeerd",
        "Opgelost: Zuil 1.1 · De Centrale",
    ]
    assert len(incidents(field.database)) == 1


def test_what_somebody_chose_for_one_card_system_goes_before_what_he_chose_for_all(field, inbox):
    person = add_person(field.database, "ada", role="admin", system=None, wishes=[("offline", "now")])
    with field.database.writing() as session:
        session.add(AlertWish(staff_id=person, card_system_id=SYSTEM, state="offline", rhythm="never"))
    field.wait(300, speaking=field.kiosks[1:])
    post(field.database, inbox, field.now + MINUTE)
    assert len(incidents(field.database)) == 1
    assert inbox.letters == []


def test_who_did_not_ask_or_may_not_is_told_nothing(field, inbox):
    add_person(field.database, "other", system=None, role="balie", wishes=[("offline", "now")])
    add_person(field.database, "calm", wishes=[("error", "now")])
    field.wait(400, speaking=field.kiosks[1:])
    assert incidents(field.database)
    post(field.database, inbox, field.now + MINUTE)
    assert inbox.letters == []


def test_of_a_counter_in_no_card_system_who_looks_after_everything_is_told(field, inbox):
    add_person(field.database, "karima", wishes=[("offline", "now")])
    add_person(field.database, "ada", role="admin", system=None, wishes=[("offline", "now")])
    with field.database.writing() as session:
        session.execute(delete(CounterCardSystem))
    field.wait(400, speaking=field.kiosks[3:])
    post(field.database, inbox, field.now + MINUTE)
    assert {to for to, _ in inbox.letters} == {"ada@uitpas.test"}
    with field.database.writing() as session:
        escalate(session, field.now + 10 * HOUR)
        told = session.exec(select(Notice.staff_id).where(Notice.moment == "escalated")).all()
        ada = session.exec(select(Staff.id).where(Staff.name == "ada")).one()
    assert told == [ada]


def test_a_digest_comes_in_the_morning_with_everything_of_the_day(field, inbox):
    add_person(field.database, "tom", role="technician", wishes=[("offline", "daily")], language="en")
    field.wait(400, speaking=field.kiosks[1:])
    field.wait(400, speaking=field.kiosks)
    post(field.database, inbox, field.now + MINUTE)
    assert inbox.letters == []
    tomorrow = to_millis(datetime(2026, 11, 24, 6, 0, tzinfo=UTC))
    post(field.database, inbox, tomorrow - SECOND)
    assert inbox.letters == []
    post(field.database, inbox, tomorrow)
    (letter,) = inbox.to("tom@uitpas.test")
    assert letter["subject"] == "Zuilen: the overview of the day"
    assert "Solved" in letter.get_content()


@pytest.mark.parametrize(
    ("rhythm", "at", "due"),
    [
        ("now", (9, 0), (9, 0, 30)),
        ("now", (21, 59), (21, 59, 30)),
        ("now", (22, 0), (31, 0, 0)),
        ("now", (3, 0), (7, 0, 0)),
        ("daily", (6, 0), (7, 0, 0)),
        ("daily", (7, 0), (31, 0, 0)),
    ],
)
def test_quiet_hours_hold_mail_back_until_the_morning(rhythm, at, due):
    midnight = to_millis(datetime(2026, 11, 22, 23, 0, tzinfo=UTC))
    rules = WatchRules(card_system_id=1, quiet_from="22:00", quiet_until="07:00")
    now = midnight + at[0] * HOUR + at[1] * MINUTE
    assert due_at(now, Rhythm(rhythm), rules) == midnight + due[0] * HOUR + due[1] * MINUTE + due[2] * SECOND


def test_what_is_over_before_it_could_be_told_is_not_told(field, inbox):
    add_person(field.database, "karima", wishes=[("offline", "now")])
    with field.database.writing() as session:
        session.add(WatchRules(card_system_id=SYSTEM, quiet_from="08:00", quiet_until="20:00"))
    field.wait(400, speaking=field.kiosks[1:])
    field.wait(400, speaking=field.kiosks)
    assert incidents(field.database)[0][-1]
    post(field.database, inbox, field.now + 24 * HOUR)
    assert inbox.letters == []


def test_nobody_reacts_so_everyone_responsible_hears_it_unless_it_was_acknowledged(field, inbox):
    add_person(field.database, "karima")
    add_person(field.database, "tom", role="technician")
    field.wait(400, speaking=[kiosk for kiosk in field.kiosks if kiosk not in field.kiosks[:4:3]])
    one, other = incidents(field.database)
    assert [one[1], other[1]] == [str(kiosk) for kiosk in field.kiosks[:4:3]]
    with field.database.writing() as session:
        session.get_one(Incident, 2).acknowledged_at = field.now
    for minutes in (58, 61, 90):
        with field.database.writing() as session:
            escalate(session, field.now + minutes * MINUTE)
    post(field.database, inbox, field.now + 3 * HOUR)
    assert sorted(recipient for recipient, _ in inbox.letters) == ["karima@uitpas.test", "tom@uitpas.test"]
    assert inbox.letters[0][1]["subject"].startswith("Nog niemand reageerde: Zuil 1.1")


@pytest.mark.parametrize("reacts", ["acknowledged_at", "snoozed_until"])
def test_a_call_for_help_that_waits_is_dropped_once_somebody_reacts(field, inbox, reacts):
    add_person(field.database, "karima")
    field.wait(400, speaking=field.kiosks[1:])
    with field.database.writing() as session:
        escalate(session, field.now + HOUR)
    with field.database.writing() as session:
        setattr(session.get_one(Incident, 1), reacts, field.now + 9 * HOUR)
    post(field.database, inbox, field.now + 2 * HOUR)
    assert inbox.letters == []


def test_a_call_for_help_waits_while_the_zuil_is_back(field, inbox):
    add_person(field.database, "karima")
    field.wait(400, speaking=field.kiosks[1:])
    with field.database.writing() as session:
        escalate(session, field.now + HOUR)
    field.wait(30, speaking=field.kiosks)
    post(field.database, inbox, field.now + 2 * HOUR)
    assert inbox.letters == [], "it is back, and may stay"
    field.wait(400, speaking=field.kiosks[1:])
    post(field.database, inbox, field.now + 2 * HOUR)
    assert len(inbox.letters) == 1


def test_an_alert_is_over_when_the_zuil_was_back_and_as_soon_as_the_rules_say(field):
    with field.database.writing() as session:
        chosen = {"recover": 10, "silent": 60}
        session.add(WatchRules(card_system_id=SYSTEM, thresholds=chosen))
    field.wait(400, speaking=field.kiosks[1:])
    back = field.now + 10 * SECOND
    field.wait(90, speaking=field.kiosks, step=10)
    with field.database.reading() as session:
        assert session.get_one(Incident, 1).closed == back


@pytest.mark.slow
def test_five_thousand_lost_at_once_is_one_mail_for_each_person(database, inbox):
    with database.writing() as session:
        add_region(session)
    for name in ("karima", "ada"):
        add_person(database, name, wishes=[("offline", "now")])
    counter = add_crowd(database, 5_000, now=START)
    field = Field(database, [], START)
    field.look()
    with database.writing() as session:
        session.execute(update(KioskWatch).values(due=0))
    field.wait(300)
    (found,) = incidents(database)
    assert (found[0], found[4]) == ("all", 5_000)
    post(database, inbox, field.now + MINUTE)
    assert sorted(recipient for recipient, _ in inbox.letters) == ["ada@uitpas.test", "karima@uitpas.test"]
    assert inbox.letters[0][1]["subject"].startswith("5000 zuilen tegelijk")
    assert counter


def test_a_much_larger_loss_does_not_wait_behind_the_mail_about_a_small_one(database):
    with database.writing() as session:
        add_region(session)
    staff = add_person(database, "ada")

    def mails_after_losing(kiosks, now):
        with database.writing() as session:
            lost = Incident(
                scope="kiosk", key=str(kiosks), state="offline", cause="silent", kiosks=kiosks, opened=now
            )
            session.add(lost)
            session.flush()
            session.add(Notice(incident_id=lost.id, staff_id=staff, moment="opened", rhythm="now", due=now))
            session.flush()
            return write_mails(session, now, HERE)

    lost = (1, 3, 60, 10, 200, 2_000)
    told = [mails_after_losing(kiosks, START + 1_000 * n) for n, kiosks in enumerate(lost)]
    assert told == [1, 0, 1, 0, 0, 1], "a flood of mails it is not"


def test_a_thousand_different_faults_are_one_mail_too_with_the_first_twenty(database, inbox):
    with database.writing() as session:
        add_region(session)
    add_person(database, "karima", wishes=[("error", "now")])
    add_crowd(database, 1_000, now=START)
    with database.writing() as session:
        rows = update(KioskWatch).values(state="error", causes="reader", due=START + HOUR)
        session.execute(rows)
    look(database, START)
    assert len(incidents(database)) == 1_000
    post(database, inbox, START + MINUTE)
    (letter,) = inbox.to("karima@uitpas.test")
    assert letter["subject"] == "1000 meldingen over zuilen"
    assert "… en nog 980 andere." in letter.get_content()
    with database.reading() as session:
        assert session.exec(select(Notice).where(col(Notice.mail_id).is_(None))).all() == []


def mails(database):
    with database.reading() as session:
        return session.exec(select(OutgoingMail).order_by(col(OutgoingMail.id))).all()


def put_mail(database, recipient="karima@uitpas.test"):
    with database.writing() as session:
        number = len(mails(database))
        session.add(
            OutgoingMail(
                recipient=recipient,
                subject="S",
                body="b",
                message_id=f"<{number}@z>",
                created=START,
                due=START,
            )
        )


def test_a_mail_server_that_is_away_loses_nothing_and_sends_nothing_twice(database, inbox):
    put_mail(database)
    send_mails(database, Postbox("smtp://127.0.0.1:9", "z@uitpas.test"), START)
    assert mails(database)[0].sent is None
    postbox = Postbox(inbox.url, "z@uitpas.test")
    threads = [threading.Thread(target=send_mails, args=(database, postbox, START)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(inbox.letters) == 1
    assert mails(database)[0].sent == START


def test_an_address_that_is_refused_is_tried_later_or_never_again_and_holds_up_nobody(database, inbox):
    inbox.refuse = {"full@uitpas.test": 452, "gone@uitpas.test": 550}
    for recipient in ("full@uitpas.test", "gone@uitpas.test", "fine@uitpas.test", "no address\r\nBcc: x@y.z"):
        put_mail(database, recipient)
    postbox = Postbox(inbox.url, "z@uitpas.test")
    send_mails(database, postbox, START)
    assert [recipient for recipient, _ in inbox.letters] == ["fine@uitpas.test"]
    inbox.refuse = {}
    send_mails(database, postbox, START + 2 * MINUTE)
    assert [recipient for recipient, _ in inbox.letters] == ["fine@uitpas.test", "full@uitpas.test"]
    assert "550" in mails(database)[1].error


class _Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.got.append((self.headers[SIGNATURE], body))
        self.send_response(self.server.answers.pop(0) if self.server.answers else 204)
        self.end_headers()

    def log_message(self, *_):
        """Quiet."""


@pytest.fixture
def hook():
    """A webhook on this machine: `got` has what came, `answers` the statuses of its next answers."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Hook)
    server.got, server.answers = [], []
    server.url = f"http://127.0.0.1:{server.server_port}/hook"
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def add_hook(field, system, url, secret="a secret of theirs"):
    with field.database.writing() as session:
        sealed = field.database.vault.seal(secret.encode())
        session.add(AlertWebhook(card_system_id=system, url=url, secret=sealed))


def settings(**changed):
    return Settings("", b"", Path(), **changed)


def moments(server):
    return [json.loads(body)["moment"] for _, body in server.got]


def test_a_card_system_hears_of_its_own_zuilen_on_its_own_webhook(field, hook):
    with field.database.writing() as session:
        create_card_system(session, 3, "Paspartoe")
    add_hook(field, SYSTEM, hook.url)
    add_hook(field, 3, hook.url)
    field.wait(300, speaking=field.kiosks[3:])
    inside = settings(webhook_inside=True)
    post_due(field.database, inside, field.now)
    field.wait(700, speaking=field.kiosks)
    post_due(field.database, inside, field.now)
    assert moments(hook) == ["opened", "closed"]
    signature, body = hook.got[0]
    assert signature == sign("a secret of theirs", body)


def test_a_webhook_that_fails_holds_nobody_up(field, hook):
    with field.database.writing() as session:
        create_card_system(session, 3, "Paspartoe")
        counter = add_counter(session, "Beurs", system=3)
        create_kiosk(session, "Zuil beurs", "", [counter]).state = "active"
    add_hook(field, SYSTEM, "http://127.0.0.1:9/nobody")
    add_hook(field, 3, hook.url)
    field.wait(600, speaking=field.kiosks[3:])
    post_due(field.database, settings(webhook_inside=True), field.now)
    assert moments(hook) == ["opened"]
    with field.database.reading() as session:
        calls = session.exec(select(WebhookCall).where(WebhookCall.card_system_id == SYSTEM)).all()
    assert [bool(call.error) for call in calls] == [True]


def test_what_a_card_system_chose_never_leads_into_our_own_network(field, hook):
    add_hook(field, SYSTEM, hook.url)
    field.wait(300, speaking=field.kiosks[3:])
    post_due(field.database, settings(), field.now)
    assert hook.got == []
    with field.database.reading() as session:
        assert session.exec(select(WebhookCall)).one().error == INSIDE


def test_a_name_is_looked_up_once_and_all_it_leads_to_lies_outside(monkeypatch):
    found = {"fine.test": ["1.2.3.4", "2001:4860::8"], "half.test": ["1.2.3.4", "10.0.0.1"]}
    asked = []

    def look_up(name, port, **_):
        asked.append((name, port))
        return [(0, 0, 0, "", (address, port)) for address in found[name]]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    way = way_outside("https://fine.test/hook?a=b")
    assert (str(way.url), way.host, way.name) == ("https://1.2.3.4/hook?a=b", "fine.test", "fine.test")
    assert way_outside("http://fine.test:81/").host == "fine.test:81"
    assert asked == [("fine.test", 443), ("fine.test", 81)]
    with pytest.raises(InsideError):
        way_outside("https://half.test/")


def test_calls_for_a_webhook_that_is_gone_are_dropped(field):
    add_hook(field, SYSTEM, "http://127.0.0.1:9/nobody")
    field.wait(300, speaking=field.kiosks[3:])
    with field.database.writing() as session:
        session.get_one(AlertWebhook, SYSTEM).is_on = False
    post_due(field.database, settings(), field.now)
    with field.database.reading() as session:
        assert session.exec(select(WebhookCall)).first() is None


def test_who_looks_after_a_zuil_that_joins_later_is_told_then(database, inbox, hook):
    """The provider is down: the zuilen of Gent fall silent first, the one of Paspartoe minutes later."""
    with database.writing() as session:
        counter = add_region(session)
        create_card_system(session, 3, "Paspartoe")
        other = add_counter(session, "Beurs", system=3)
    field = new_field(database, [counter] * 20 + [other])
    number = field.kiosks[-1]
    add_person(field.database, "karima", wishes=[("offline", "now")])
    add_person(field.database, "paula", system=3, wishes=[("offline", "now")])
    add_hook(field, 3, hook.url)
    field.wait(300, speaking=[number])
    post(field.database, inbox, field.now + MINUTE)
    assert [recipient for recipient, _ in inbox.letters] == ["karima@uitpas.test"]
    before = incidents(field.database)
    field.wait(300)
    post(field.database, inbox, field.now + MINUTE)
    after = incidents(field.database)
    assert (len(before), len(after)) == (1, 1), "one incident, that grew"
    assert after[0][4] == before[0][4] + 1
    assert [recipient for recipient, _ in inbox.letters] == ["karima@uitpas.test", "paula@uitpas.test"]
    post_due(field.database, settings(webhook_inside=True), field.now)
    assert moments(hook) == ["opened"]


def test_the_webhook_is_posted_signed_until_it_takes_it(field, hook):
    field.wait(300, speaking=field.kiosks[3:])
    hook.answers = [503]
    targets = {None: Target(hook.url, "a secret of ours", may_be_inside=True)}
    for minutes in (0, 0, 1, 2):
        post_calls(field.database, targets, field.now + minutes * MINUTE)
    assert len(hook.got) == 2, "refused once, taken once"
    signature, body = hook.got[1]
    assert signature == sign("a secret of ours", body)
    told = json.loads(body)
    assert (told["moment"], told["incident"]["scope"], told["incident"]["kiosks"]) == ("opened", "counter", 3)
    with field.database.reading() as session:
        assert session.exec(select(WebhookCall)).one().sent is not None
    assert from_millis(told["at"])


def test_a_webhook_hears_of_an_end_only_after_the_beginning(field, hook):
    targets = {None: Target(hook.url, "a secret of ours", may_be_inside=True)}
    field.wait(300, speaking=field.kiosks[3:])
    hook.answers = [503]
    post_calls(field.database, targets, field.now)
    field.wait(700, speaking=field.kiosks)
    with field.database.writing() as session:
        opened = session.exec(select(WebhookCall).where(WebhookCall.moment == "opened")).one()
        opened.due = field.now + MINUTE
    post_calls(field.database, targets, field.now)
    assert moments(hook) == ["opened"], "which was refused"
    post_calls(field.database, targets, field.now + 2 * MINUTE)
    assert moments(hook) == ["opened", "opened", "closed"]


def test_after_an_outage_of_the_mail_server_mails_leave_in_parts_and_each_once(database, inbox):
    for number in range(MOST + 1):
        put_mail(database, f"p{number}@uitpas.test")
    postbox = Postbox(inbox.url, "zuilen@uitpas.test")
    left = []
    for _ in range(3):
        send_mails(database, postbox, START)
        left.append(len(inbox.letters))
    assert left == [MOST, MOST + 1, MOST + 1]
