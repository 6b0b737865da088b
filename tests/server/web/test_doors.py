"""Every page declares who may open it; none is open by accident."""

import pytest
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from server.app import create_app
from server.staff.access import Requires, open_to_all, open_to_strangers
from server.staff.roles import ROLES, Permission, Role

OPEN_BY_DESIGN = {"/healthz", "/readyz", "/metrics"}
SIGNED = "/device/v1"
BY_TOKEN = "/api"


def dependencies(dependant):
    yield dependant.call
    for child in dependant.dependencies:
        yield from dependencies(child)


def page_routes(routes: list[BaseRoute]) -> list[APIRoute]:
    """Return every page, those of included routers too; signed calls and files are no pages."""
    found = []
    for route in routes:
        if isinstance(route, APIRoute):
            found.append(route)
        elif hasattr(route, "original_router"):
            found += page_routes(route.original_router.routes)
        else:
            assert route.path.startswith((SIGNED, BY_TOKEN, "/static")), (
                f"{route.path} is of a kind this test cannot judge"
            )
    return found


def door_of(route: APIRoute):
    found = list(dependencies(route.dependant))
    required = [call for call in found if isinstance(call, Requires)]
    return required[0].permission if required else (open_to_all in found) or (open_to_strangers in found)


def test_every_page_says_which_permission_it_needs_or_that_it_is_open(site):
    routes = page_routes(site.client.app.routes)
    assert len(routes) > 25
    unguarded = [route.path for route in routes if not door_of(route) and route.path not in OPEN_BY_DESIGN]
    assert unguarded == []


def test_everything_under_balie_and_dashboard_needs_a_permission(site):
    for route in page_routes(site.client.app.routes):
        # `/dashboard` itself shows nothing: it leads to one's own first page.
        if route.path.startswith(("/balie", "/dashboard/")):
            assert isinstance(door_of(route), Permission), route.path


def test_what_changes_something_needs_more_than_a_look(site):
    looks = {Permission.FOLLOW_KIOSKS, Permission.FOLLOW_OWN_KIOSKS, Permission.READ_DIFFERENCES}
    for route in page_routes(site.client.app.routes):
        if "POST" in route.methods and route.path.startswith(("/balie", "/dashboard")):
            assert door_of(route) not in looks, route.path


@pytest.mark.parametrize(
    "path", ["/balie", "/balie/stroom", "/balie/zuilen/1", "/dashboard/zuilen", "/dashboard/verschillen"]
)
def test_who_is_not_logged_in_is_sent_to_the_login_and_back(site, path):
    answer = site.client.get(path)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/login?naar={path}")


def test_a_call_without_a_signature_does_not_reach_the_devices_api(site):
    for path in ("changes", "snapshots", "stream"):
        assert site.client.get(f"{SIGNED}/{path}").status_code == 401
    for path in ("taps", "heartbeat", "lookup"):
        assert site.client.post(f"{SIGNED}/{path}", content=b"{}").status_code == 401


@pytest.mark.parametrize(
    ("name", "path", "status"),
    [
        ("Bram Wouters", "/balie", 200),
        ("Bram Wouters", "/dashboard/zuilen", 403),
        ("Bram Wouters", "/dashboard/verschillen", 403),
        ("Karima El Idrissi", "/balie", 403),
        ("Karima El Idrissi", "/dashboard/zuilen", 200),
        ("Karima El Idrissi", "/dashboard/verschillen", 200),
        ("Tom Goossens", "/dashboard/zuilen", 200),
        ("Tom Goossens", "/dashboard/zuilen/nieuw", 403),
        ("Tom Goossens", "/dashboard/verschillen", 403),
        ("Ada Janssens", "/dashboard/zuilen", 200),
        ("Ada Janssens", "/balie", 403),
    ],
)
def test_each_function_opens_its_own_pages_only(site, name, path, status):
    site.log_in(name)
    answer = site.client.get(path)
    assert answer.status_code == status
    if status == 403:
        assert "hoort niet bij je functie" in answer.text


def test_every_role_may_do_something_and_only_what_exists():
    assert set(ROLES) == set(Role)
    assert all(permissions and permissions <= set(Permission) for permissions in ROLES.values())


def test_the_demo_is_not_there_outside_a_demo(tmp_path):
    from server.settings import Settings

    settings = Settings(f"sqlite:///{tmp_path / 'x.db'}", bytes(32), tmp_path)
    paths = {route.path for route in page_routes(create_app(settings).routes)}
    assert not [path for path in paths if path.startswith("/demo")]
