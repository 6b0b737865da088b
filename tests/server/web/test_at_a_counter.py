"""People at counters: the terms they accept once, the one they choose, who lets them in (rules 2.6, 2.7)."""

import pytest
from sqlmodel import select

from server.api.grants import staff_grants
from server.api.permissions import ApiPermission
from server.demo.seed import LIBRARY_COUNTER, THEATRE_COUNTER
from server.kernel.audit import AuditEntry
from server.organisation.membership import Deed, Place, add_member, members
from server.staff.models import Staff, StaffRole
from server.staff.roles import Role

HERE = "/balie/collegas"
LIBRARY, THEATRE = LIBRARY_COUNTER.name, THEATRE_COUNTER.name
REGISTER = "/balie/pashouders/registreren"
JAN = {"name": "Jan De Smet", "email": "jan@example.org", "role": "balie"}


def forget_terms(site, name):
    with site.database.writing() as session:
        session.exec(select(Staff).where(Staff.name == name)).one().terms_at = None


@pytest.fixture
def leader(site):
    """Bram, who says who works at his counter."""
    with site.database.writing() as session:
        staff = session.exec(select(Staff).where(Staff.name == "Bram Wouters")).one()
        session.exec(select(StaffRole).where(StaffRole.staff_id == staff.id)).one().role = Role.COUNTER_ADMIN
    site.log_in("Bram Wouters")
    return site


def test_ann_has_the_rights_of_the_counter_she_chose_and_of_no_other(site):
    site.log_in("Ann Peeters", LIBRARY)
    assert site.client.get(REGISTER, follow_redirects=True).status_code == 200
    assert "Iemand registreren" in site.client.get("/balie/pashouders").text
    posts = site.client.get("/login/balie").text
    theatre = posts.split(f'<span class="choice-name">{THEATRE}')[0].rsplit('value="', 1)[1].split('"')[0]
    site.client.post("/login/balie", data={"post_id": theatre})
    assert site.client.get(REGISTER, follow_redirects=True).status_code == 403
    page = site.client.get("/balie/pashouders").text
    assert THEATRE in page
    assert "Iemand registreren" not in page
    mira = site.client.post("/balie/pashouders/zoek", data={"text": "0900000095902"}).headers["location"]
    assert site.client.get(f"{mira}/gegevens").status_code == 403
    assert "Een andere kaart geven" not in site.client.get(mira).text


def test_the_terms_are_accepted_once_before_anything_at_a_counter(site):
    forget_terms(site, "Bram Wouters")
    site.log_in("Bram Wouters")
    sent = site.client.get("/balie/pashouders").headers["location"]
    assert sent == "/login/voorwaarden?naar=/balie/pashouders"
    assert site.client.post("/balie/pashouders/zoek", data={"text": "mira"}).status_code == 303
    assert "Ik aanvaard dit" in site.client.get(sent).text
    for _ in range(2):
        done = site.client.post("/login/voorwaarden", data={"naar": "/balie/pashouders"})
        assert done.headers["location"] == "/balie/pashouders"
    assert site.client.get("/balie/pashouders").status_code == 200
    assert "Je hebt dit aanvaard" in site.client.get(sent).text
    site.log_in("Bram Wouters")
    assert site.client.get("/balie/pashouders").status_code == 200
    with site.database.reading() as session:
        (entry,) = session.exec(select(AuditEntry).where(AuditEntry.action == "accept-terms"))
        assert entry.staff_id == session.exec(select(Staff.id).where(Staff.name == "Bram Wouters")).one()


def test_who_works_at_no_counter_is_not_asked_for_the_terms(site):
    forget_terms(site, "Karima El Idrissi")
    site.log_in("Karima El Idrissi")
    assert site.client.get("/dashboard/pashouders/5").status_code == 200
    site.client.cookies.clear()
    assert site.client.get("/login/voorwaarden").headers["location"] == "/login"
    assert site.client.post("/login/voorwaarden").headers["location"] == "/login"


def test_an_administrator_of_a_counter_says_who_works_there(leader):
    assert leader.client.post(HERE, data=JAN).headers["location"] == f"{HERE}?gelukt=uitgenodigd-met-mail"
    assert "Jan De Smet" in leader.client.get(HERE).text
    assert leader.client.post(HERE, data=JAN | {"role": "ksb"}).status_code == 422
    assert leader.client.post(HERE, data=JAN | {"role": "balie-admin"}).status_code == 303
    with leader.database.reading() as session:
        (jan,) = [one for one in members(session, Place(counter_id=1)) if one.name == "Jan De Smet"]
        (karima,) = [one for one in members(session, Place(card_system_id=5)) if one.role is Role.KSB]
    assert jan.role is Role.COUNTER_ADMIN, "a member or an administrator, not both"
    assert leader.client.post(f"{HERE}/verwijderen", data={"role_id": karima.role_id}).status_code == 404
    assert leader.client.post(f"{HERE}/verwijderen", data={"role_id": jan.role_id}).status_code == 303
    assert "Jan De Smet" not in leader.client.get(HERE).text


def test_a_member_does_not_say_who_works_at_a_counter(site):
    site.log_in("Bram Wouters")
    assert "Collega" not in site.client.get("/balie").text
    assert site.client.get(HERE).status_code == 403
    assert site.client.post(HERE, data=JAN).status_code == 403


def test_an_administrator_of_a_counter_is_one_in_the_api_too(site):
    with site.database.writing() as session:
        for role in (Role.BALIE, Role.COUNTER_ADMIN):
            add_member(session, Place(counter_id=1), role, "Jan", Deed(), uitid="jan")
            jan = session.exec(select(Staff.id).where(Staff.uitid == "jan")).one()
            held = {permission for _, permission in staff_grants(session, jan)}
            assert ApiPermission.ORGANIZERS_ADMINS_READ in held
            assert (ApiPermission.ORGANIZERS_ADMINS_WRITE in held) is (role is Role.COUNTER_ADMIN)
