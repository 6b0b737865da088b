"""Who may open which page of the settings: as the one table of permissions says."""

import pytest

from server.staff.roles import GRANTS, Permission, Role, may

PEOPLE = {
    Role.BALIE: "Bram Wouters",
    Role.KSB: "Karima El Idrissi",
    Role.TECHNICIAN: "Tom Goossens",
    Role.ADMIN: "Ada Janssens",
}
PAGES = {
    "/dashboard/instellingen": Permission.MANAGE_COUNTERS,
    "/dashboard/instellingen/kaartsystemen": Permission.MANAGE_CARD_SYSTEMS,
    "/dashboard/instellingen/kaartsystemen/nieuw": Permission.MAKE_CARD_SYSTEMS,
    "/dashboard/instellingen/kaartsystemen/5": Permission.MANAGE_CARD_SYSTEMS,
    "/dashboard/instellingen/balies": Permission.MANAGE_COUNTERS,
    "/dashboard/instellingen/balies/nieuw": Permission.MANAGE_COUNTERS,
    "/dashboard/instellingen/balies/1": Permission.MANAGE_COUNTERS,
    "/dashboard/instellingen/mensen": Permission.MANAGE_MEMBERS,
    "/dashboard/instellingen/mensen/balie/1": Permission.MANAGE_MEMBERS,
    "/dashboard/instellingen/partners": Permission.MANAGE_PARTNERS,
    "/dashboard/instellingen/partners/nieuw": Permission.MANAGE_PARTNERS,
    "/dashboard/instellingen/activiteiten": Permission.SET_EVENTS,
    "/dashboard/logboek": Permission.READ_LOGBOOK,
    "/dashboard/kaarten/5": Permission.MANAGE_CARDS,
    "/dashboard/kaarten/5/bestellingen": Permission.MANAGE_CARDS,
    "/dashboard/kaarten/5/lijsten": Permission.MANAGE_CARDS,
    "/dashboard/kaarten/5/pakken": Permission.MANAGE_CARDS,
    "/dashboard/kaarten/5/balies": Permission.MANAGE_CARDS,
    "/dashboard/kaarten/5/prijzen": Permission.MANAGE_PRICES,
    "/dashboard/kaarten/5/vouchers": Permission.MANAGE_PRICES,
    "/dashboard/pashouders/5/voordelen": Permission.MANAGE_REWARDS,
    "/dashboard/pashouders/5/voordelen/nieuw": Permission.MANAGE_REWARDS,
    "/dashboard/pashouders/5/voordelen/opgenomen": Permission.MANAGE_REWARDS,
    "/dashboard/kaarten/5/groepspassen": Permission.MANAGE_GROUP_PASSES,
    "/dashboard/kaarten/5/groepspassen/nieuw": Permission.MANAGE_GROUP_PASSES,
    "/balie/kaarten": Permission.KEEP_STOCK,
    "/balie/pashouders": Permission.SERVE_PASSHOLDERS,
    "/dashboard/pashouders/5": Permission.MANAGE_PASSHOLDERS,
    "/balie/groepspas": Permission.SELL_TO_GROUPS,
    "/dashboard/instellingen/kaartsystemen/5/groepen": Permission.MANAGE_COUNTERS,
    "/dashboard/instellingen/kaartsystemen/5/groepen/nieuw": Permission.SET_COUNTER_GROUPS,
}


@pytest.mark.parametrize("role", PEOPLE)
def test_each_page_opens_for_who_the_table_lets_in(site, role):
    site.log_in(PEOPLE[role])
    opened = {path: site.client.get(path).status_code for path in PAGES}
    assert opened == {path: 200 if may(role, permission) else 403 for path, permission in PAGES.items()}


@pytest.mark.parametrize("role", [Role.BALIE, Role.TECHNICIAN])
def test_nothing_is_changed_by_who_may_not_look(site, role):
    site.log_in(PEOPLE[role])
    for path, permission in PAGES.items():
        if path != "/dashboard/logboek" and not may(role, permission):
            assert site.client.post(path, data={"name": "Weg"}).status_code in {403, 405}, path


def test_the_menu_has_the_settings_for_who_has_them_only(site):
    site.log_in(PEOPLE[Role.KSB])
    assert 'href="/dashboard/instellingen"' in site.client.get("/dashboard/zuilen").text
    site.log_in(PEOPLE[Role.TECHNICIAN])
    assert "/dashboard/instellingen" not in site.client.get("/dashboard/zuilen").text


@pytest.mark.parametrize(
    "path",
    [
        "kaartsystemen/3",
        "kaartsystemen/99",
        "balies/99",
        "mensen/kaartsysteem/3",
        "mensen/overal/0",
        "mensen/balie/99",
        "mensen/nergens/1",
        "activiteiten/bestaat-niet",
        "partners/bestaat-niet/rechten",
    ],
)
def test_a_ksb_finds_nothing_outside_the_own_card_system(site, path):
    site.log_in(PEOPLE[Role.KSB])
    answer = site.client.get(f"/dashboard/instellingen/{path}")
    assert answer.status_code == 404
    assert "Dit hoort niet bij wat jij beheert" in answer.text
    assert site.client.post(f"/dashboard/instellingen/{path}", data={}).status_code == 404


def test_nobody_but_an_administrator_makes_administrators():
    assert [role for role in Role if Role.ADMIN in GRANTS[role]] == [Role.ADMIN]
    assert GRANTS[Role.BALIE] == GRANTS[Role.TECHNICIAN] == frozenset()
