"""What all operations have in common: pages, problems, other sites."""

import pytest

from server.api.problems import Prob, status_of, title_of

from .test_callers import refusal


def test_card_systems_come_in_pages(api):
    headers = {"x-client-id": api.client()[0]}
    (first,) = api.get("/card-systems", headers=headers).json()["member"]
    assert (first["id"], first["name"]) == (5, "UiTPAS Gent")
    assert api.get("/card-systems", headers=headers, params={"start": 1}).json() == {
        "totalItems": 1,
        "member": [],
    }
    assert api.get("/card-systems/5", headers=headers).json() == first
    assert api.get("/card-systems", headers=headers, params={"permanent": "false"}).json()["totalItems"] == 0


def test_more_than_five_hundred_at_once_is_refused(api):
    headers = {"x-client-id": api.client()[0]}
    assert api.get("/card-systems", headers=headers, params={"limit": 500}).status_code == 200
    answer = api.get("/card-systems", headers=headers, params={"limit": 501})
    assert refusal(answer) == (400, "url/query-limit-exceeded")


@pytest.mark.parametrize("query", [{"start": "-1"}, {"limit": "many"}, {"permanent": "perhaps"}])
def test_a_wrong_parameter_is_a_bad_request_that_says_which(api, query):
    answer = api.get("/card-systems", headers={"x-client-id": api.client()[0]}, params=query)
    assert answer.status_code == 400
    assert next(iter(query)) in answer.json()["detail"]


def test_what_is_not_there_is_not_found(api):
    headers = {"x-client-id": api.client()[0]}
    assert refusal(api.get("/card-systems/99", headers=headers)) == (404, "uitpas/cardsystem-not-found")
    assert refusal(api.get("/card-systems/abc", headers=headers)) == (404, "url/not-found")
    assert api.http.get(f"/api/card-systems/{10**30}", headers=headers).status_code in {400, 404}
    assert refusal(api.http.get("/api/nowhere")) == (404, "url/not-found")
    assert refusal(api.http.post("/api/card-systems")) == (405, "method/not-allowed")


def test_a_page_of_any_site_may_call(api):
    asked = {
        "origin": "https://app.example",
        "access-control-request-method": "PUT",
        "access-control-request-headers": "authorization,x-custom-token",
    }
    allowed = api.http.options("/api/permissions/x", headers=asked)
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] == "*"
    refused = api.get("/permissions", headers={"origin": "https://app.example"})
    assert refused.headers["access-control-allow-origin"] == "*"


def test_each_problem_has_a_status_and_a_title():
    assert all(400 <= status_of(prob) < 500 and title_of(prob) for prob in Prob)
    assert title_of(Prob.EVENT_NOT_FOUND) == "Event not found"
    assert title_of(Prob.TOO_MANY_FAMILY_MEMBERS) == "Forbidden Underaged"
