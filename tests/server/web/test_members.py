"""Who works where: invited, recognised, removed (rules 1.8, 2.6)."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from threading import Barrier, Thread

import pytest
from sqlmodel import select
from starlette.testclient import TestClient

from server.counters.models import Counter
from server.kernel.audit import AuditEntry
from server.kernel.database import Database
from server.kernel.outbox import newest_mails
from server.kernel.vault import Vault
from server.migrations.run import migrate
from server.organisation.membership import Deed, Place, add_member, find_person, members
from server.organisation.telling import tell_invited
from server.staff.models import Staff, StaffRole, StaffSession
from server.staff.oidc import Identity
from server.staff.people import recognise
from server.staff.roles import Role
from server.staff.sessions import find_session

from .conftest import BROWSER, HOST, settings_for

HERE = "/dashboard/instellingen/mensen"
JAN = {"name": "Jan De Smet", "email": "jan@example.org", "role": "balie"}


def names(site, place):
    with site.database.reading() as session:
        return [member.name for member in members(session, place)]


def role_id(site, place, name):
    with site.database.reading() as session:
        return next(member.role_id for member in members(session, place) if member.name == name)


def test_a_ksb_invites_someone_for_a_counter_and_the_trail_says_so(any_site):
    any_site.log_in("Karima El Idrissi")
    answer = any_site.client.post(f"{HERE}/balie/1", data=JAN)
    assert answer.headers["location"] == f"{HERE}/balie/1?gelukt=uitgenodigd-met-mail"
    page = any_site.client.get(answer.headers["location"]).text
    assert "Jan De Smet" in page
    assert "uitgenodigd, nog niet aangemeld" in page
    with any_site.database.reading() as session:
        deed = session.exec(select(AuditEntry).where(AuditEntry.action == "add-member")).one()
    assert (deed.subject_kind, deed.subject_id) == ("counter", "1")
    assert (deed.detail["name"], deed.detail["role"]) == ("Jan De Smet", "balie")


def test_who_is_invited_gets_one_mail_in_the_language_of_who_invites_and_the_others(site):
    site.log_in("Karima El Idrissi")
    french = {"accept-language": "fr"}
    for _ in range(2):
        site.client.post(f"{HERE}/balie/1", data=JAN | {"email": "Jan@example.org"}, headers=french)
    with site.database.reading() as session:
        (mail,) = [one for one in newest_mails(session, 9) if one.message_id.startswith("<staff.")]
        name = session.get_one(Counter, 1).name
    assert mail.recipient == "Jan@example.org"
    assert mail.subject == f"Vous pouvez commencer : {name}"
    french, dutch, english = mail.body.split("----")
    assert ("Connectez-vous" in french, "Meld je aan" in dutch, "Log in" in english) == (True, True, True)
    assert mail.body.count(f"{site.settings.address}/login") == 3


def test_without_a_mail_server_no_mail_is_written_and_the_page_says_so(tmp_path):
    settings = replace(settings_for(f"sqlite:///{tmp_path / 's.db'}", tmp_path), demo=False)
    database = Database(settings.database_url, Vault(settings.secret_key))
    migrate(database)
    with database.writing() as session:
        place = Place()
        args = {"now": datetime.now(UTC), "language": "nl"}
        assert not tell_invited(session, settings, place, Role.ADMIN, "jan@example.org", **args)
        assert newest_mails(session, 9) == []
    database.dispose()


@pytest.mark.parametrize(
    ("place", "role", "status"),
    [
        ("balie/1", "balie", 303),
        ("balie/1", "ksb", 422),
        ("balie/1", "admin", 422),
        ("kaartsysteem/5", "ksb", 303),
        ("kaartsysteem/5", "technician", 303),
        ("kaartsysteem/5", "admin", 422),
        ("kaartsysteem/3", "ksb", 404),
        ("overal/0", "admin", 404),
    ],
)
def test_a_ksb_gives_only_functions_of_the_own_card_system(site, place, role, status):
    site.log_in("Karima El Idrissi")
    answer = site.client.post(f"{HERE}/{place}", data=JAN | {"role": role})
    assert answer.status_code == status
    with site.database.reading() as session:
        assert (find_person(session, email="jan@example.org") is not None) == (status == 303)


def test_an_administrator_makes_an_administrator(site):
    site.log_in("Ada Janssens")
    site.client.post(f"{HERE}/overal/0", data=JAN | {"role": "admin"})
    assert names(site, Place()) == ["Ada Janssens", "Jan De Smet"]


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"name": " "}, "Geef de naam van deze persoon"),
        ({"name": "x" * 81}, "Geef de naam van deze persoon"),
        ({"email": "jan"}, "Dit is geen e-mailadres."),
        ({"email": "jan@example"}, "Dit is geen e-mailadres."),
        ({"email": "jan smet@example.org"}, "Dit is geen e-mailadres."),
    ],
)
def test_each_mistake_has_its_sentence_and_nothing_typed_is_lost(site, changed, sentence):
    site.log_in("Karima El Idrissi")
    answer = site.client.post(f"{HERE}/balie/1", data=JAN | changed)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert f'value="{(JAN | changed)["name"]}"' in answer.text
    assert f'value="{(JAN | changed)["email"]}"' in answer.text


def test_who_has_the_function_already_is_not_added_twice(site):
    site.log_in("Karima El Idrissi")
    site.client.post(f"{HERE}/balie/1", data=JAN)
    answer = site.client.post(f"{HERE}/balie/1", data=JAN | {"email": "JAN@Example.org"})
    assert answer.headers["location"].endswith("gelukt=had")
    assert names(site, Place(counter_id=1)) == ["Bram Wouters", "Jan De Smet"]


def test_one_person_works_at_several_counters(site):
    site.log_in("Karima El Idrissi")
    for place in ("balie/1", "balie/2"):
        site.client.post(f"{HERE}/{place}", data=JAN)
    with site.database.reading() as session:
        assert len(session.exec(select(Staff).where(Staff.email == "jan@example.org")).all()) == 1


def test_a_removed_persons_session_ends_at_once(any_site):
    any_site.log_in("Bram Wouters")
    token = any_site.client.cookies["zuil_sessie"]
    assert any_site.client.get("/balie").status_code == 200
    any_site.log_in("Karima El Idrissi")
    own = {"role_id": role_id(any_site, Place(counter_id=1), "Bram Wouters")}
    answer = any_site.client.post(f"{HERE}/balie/1/verwijderen", data=own)
    assert answer.headers["location"].endswith("gelukt=verwijderd")
    with any_site.database.reading() as session:
        assert find_session(session, token, datetime.now(UTC)) is None
    any_site.client.cookies.set("zuil_sessie", token)
    assert any_site.client.get("/balie").headers["location"].startswith("/login?")
    assert names(any_site, Place(counter_id=1)) == []
    with any_site.database.reading() as session:
        deed = session.exec(select(AuditEntry).where(AuditEntry.action == "remove-member")).one()
        assert session.exec(select(Staff).where(Staff.name == "Bram Wouters")).one()
    assert deed.detail["name"] == "Bram Wouters"


def test_the_last_administrator_stays(any_site):
    any_site.log_in("Ada Janssens")
    only = {"role_id": role_id(any_site, Place(), "Ada Janssens")}
    answer = any_site.client.post(f"{HERE}/overal/0/verwijderen", data=only)
    assert answer.status_code == 422
    assert "Dit is de laatste algemene beheerder." in answer.text
    assert any_site.client.get(f"{HERE}/overal/0").status_code == 200
    any_site.client.post(f"{HERE}/overal/0", data=JAN | {"role": "admin"})
    assert any_site.client.post(f"{HERE}/overal/0/verwijderen", data=only).headers["location"] == "/"
    assert names(any_site, Place()) == ["Jan De Smet"]


def test_nobody_is_removed_from_a_place_where_the_function_is_not(site):
    site.log_in("Karima El Idrissi")
    elsewhere = {"role_id": role_id(site, Place(), "Ada Janssens")}
    assert site.client.post(f"{HERE}/balie/1/verwijderen", data=elsewhere).status_code == 404
    assert names(site, Place()) == ["Ada Janssens"]


def test_an_invitation_for_someone_known_by_uitid_is_his_at_the_next_login(any_site):
    with any_site.database.writing() as session:
        add_member(session, Place(card_system_id=3), Role.KSB, "K.", Deed(), email="karima@example.org")
    with any_site.database.writing() as session:
        known = recognise(session, Identity("demo-karima", "Karima", "Karima@Example.org"))
        assert known is not None
        assert known.name == "Karima El Idrissi"
        mine = session.exec(select(StaffRole.card_system_id).where(StaffRole.staff_id == known.id)).all()
        accepted = select(AuditEntry.subject_id).where(AuditEntry.action == "accept-invitation")
        assert session.exec(accepted).one() == str(known.id)
    assert set(mine) == {3, 5}


def test_no_session_is_left_of_a_removed_person(site):
    site.log_in("Tom Goossens")
    site.log_in("Karima El Idrissi")
    tom = {"role_id": role_id(site, Place(card_system_id=5), "Tom Goossens")}
    site.client.post(f"{HERE}/kaartsysteem/5/verwijderen", data=tom)
    with site.database.reading() as session:
        staff = session.exec(select(Staff.id).where(Staff.name == "Tom Goossens")).one()
        assert session.exec(select(StaffSession).where(StaffSession.staff_id == staff)).all() == []


def test_a_window_that_was_open_gets_nothing_any_more(site):
    site.log_in("Bram Wouters")
    cookies = {"zuil_sessie": site.client.cookies["zuil_sessie"]}
    watcher = TestClient(site.client.app, base_url=HOST, headers=BROWSER, cookies=cookies)
    ended = []
    watching = Thread(target=lambda: ended.append(watcher.get("/balie/stroom").status_code), daemon=True)
    watching.start()
    site.log_in("Karima El Idrissi")
    bram = {"role_id": role_id(site, Place(counter_id=1), "Bram Wouters")}
    site.client.post(f"{HERE}/balie/1/verwijderen", data=bram)
    watching.join(timeout=15)
    # The stream began while he might look, and ends by itself long before its ten minutes.
    assert ended in ([200], [303])


def test_who_is_invited_twice_at_the_same_moment_is_one_person(postgresql_site):
    together = Barrier(3)

    def invite():
        with postgresql_site.database.writing() as session:
            session.exec(select(Staff.id)).all()
            together.wait()
            return add_member(
                session, Place(counter_id=1), Role.BALIE, "Jan", Deed(), email="jan@example.org"
            )

    with ThreadPoolExecutor(3) as pool:
        added = [one.result() for one in [pool.submit(invite) for _ in range(3)]]
    assert sorted(added) == [False, False, True]
    assert names(postgresql_site, Place(counter_id=1)).count("Jan") == 1
