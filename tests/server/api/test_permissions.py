"""`/permissions`: what a client may do, for which organisers, in which card systems."""

import pytest
from sqlmodel import select

from fakes.openapi import document
from fakes.scene import ORGANIZER, SYSTEM
from server.api.permissions import PERMISSIONS, ApiPermission
from server.kernel.audit import AuditEntry

from .test_callers import PROBS, refusal

ELSEWHERE = "fd7e6177-4add-4fa8-a7fe-6e60127bfb35"


def test_the_table_has_the_permissions_of_the_document_and_a_word_for_each():
    listed = document().content["components"]["schemas"]["Permission"]["enum"]
    assert len(listed) == 57
    assert set(listed) == set(ApiPermission) == set(PERMISSIONS)


def test_a_client_sees_its_own_permissions_with_their_labels(api):
    (own,) = api.get("/permissions", token=api.token("TARIFFS_READ")).json()
    assert own["organizer"]["name"] == "De Centrale"
    assert own["permissionDetails"] == [
        {
            "id": "TARIFFS_READ",
            "label": {"nl": "Tarieven opvragen", "en": "Read tariffs"},
            "cardSystemIds": [SYSTEM],
        }
    ]


def test_what_is_put_is_what_is_got(any_api):
    token = any_api.token("PERMISSIONS_READ", "PERMISSIONS_WRITE")
    client_id, secret = any_api.client("KIOSKS_READ")
    sent = [
        {
            "organizer": {"id": ORGANIZER},
            "permissionDetails": [{"id": "TARIFFS_READ", "cardSystemIds": [SYSTEM]}],
        },
        {"organizer": {"id": ELSEWHERE, "name": "Anders"}, "permissions": ["CHECKINS_READ"]},
    ]
    assert any_api.call("PUT", f"/permissions/{client_id}", token=token, json=sent).status_code == 204
    found = any_api.get(f"/permissions/{client_id}", token=token).json()
    assert {one["organizer"]["id"]: one["permissions"] for one in found} == {
        ORGANIZER: ["TARIFFS_READ"],
        ELSEWHERE: ["CHECKINS_READ"],
    }
    assert any_api.get("/permissions", token=any_api.token_for(client_id, secret)).json() == found
    with any_api.database.reading() as session:
        entry = session.exec(select(AuditEntry).where(AuditEntry.action == "grant")).all()[-1]
    assert f"KIOSKS_READ {ORGANIZER}" in entry.detail["removed"]


def test_all_that_is_wrong_with_a_body_is_said_at_once_and_where(api):
    token = api.token("PERMISSIONS_WRITE")
    client_id, _ = api.client()
    sent = [{"organizer": {}, "permissions": ["FLY"]}, {"permissions": []}]
    answer = api.call("PUT", f"/permissions/{client_id}", token=token, json=sent)
    assert refusal(answer) == (400, "body/invalid-data")
    assert [one["jsonPointer"] for one in answer.json()["schemaErrors"]] == [
        "/0/organizer/id",
        "/0/permissions/0",
        "/1/organizer",
    ]


def test_a_card_system_that_is_not_there_is_named_by_its_place(api):
    client_id, _ = api.client()
    sent = [
        {
            "organizer": {"id": ORGANIZER},
            "permissionDetails": [{"id": "CARDS_READ", "cardSystemIds": [SYSTEM, 99]}],
        }
    ]
    answer = api.call("PUT", f"/permissions/{client_id}", token=api.token("PERMISSIONS_WRITE"), json=sent)
    (wrong,) = answer.json()["schemaErrors"]
    assert wrong["jsonPointer"] == "/0/permissionDetails/0/cardSystemIds/1"


@pytest.mark.parametrize(
    ("body", "type_", "kind"),
    [
        (b"", "application/json", "body/missing"),
        (b"[{", "application/json", "body/invalid-syntax"),
        (b"{}", "application/json", "body/invalid-data"),
    ],
)
def test_each_kind_of_wrong_body_has_its_own_type(api, body, type_, kind):
    client_id, _ = api.client()
    answer = api.call(
        "PUT",
        f"/permissions/{client_id}",
        token=api.token("PERMISSIONS_WRITE"),
        content=body,
        headers={"content-type": type_},
    )
    assert refusal(answer) == (400, kind)


@pytest.mark.parametrize("headers", [{}, {"content-type": "text/plain"}])
def test_a_body_that_is_not_said_to_be_json_is_refused_as_that(api, headers):
    """Not through `call`: the document lists no 415, which every operation may answer."""
    signed = {"authorization": f"Bearer {api.token('PERMISSIONS_WRITE')}"}
    answer = api.http.put("/api/permissions/x", content=b"[{", headers=signed | headers)
    assert refusal(answer) == (415, "header/unsupported-media-type")


def test_a_client_that_is_not_there_is_told_so(api):
    answer = api.get("/permissions/nobody", token=api.token("PERMISSIONS_READ"))
    assert refusal(answer) == (404, "uitpas/client-not-found")


def test_without_the_permission_nobody_looks_or_changes(api):
    client_id, _ = api.client()
    token = api.token("KIOSKS_READ")
    assert refusal(api.get(f"/permissions/{client_id}", token=token)) == (403, "auth/forbidden")
    answer = api.call("PUT", f"/permissions/{client_id}", token=token, json=[])
    assert answer.json() == {
        "type": f"{PROBS}auth/forbidden",
        "title": "Forbidden",
        "status": 403,
        "detail": "The permission PERMISSIONS_WRITE is missing.",
    }
