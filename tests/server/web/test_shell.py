"""The shell: headers, same-origin changes, languages, error pages, nothing from elsewhere."""

import re

import pytest

from server.web.i18n import LANGUAGES

PAGES = ["/", "/pashouder", "/technieker", "/login", "/bestaat-niet", "/demo"]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_has_the_security_headers(site, path):
    headers = site.client.get(path).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_runs_nothing_inline_and_loads_nothing_from_elsewhere(site, path, language):
    page = site.client.get(path, headers={"accept-language": language}).text
    assert not re.search(r"<script(?![^>]*\ssrc=)", page)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=", page)
    for address in re.findall(r'(?:src|href|action)="([^"]*)"', page):
        assert address.startswith(("/", "#", "?")), address
        assert not address.startswith("//")


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_made_for_a_phone_and_says_its_language(site, path):
    page = site.client.get(path, headers={"accept-language": "fr-BE,fr;q=0.9,nl;q=0.8"}).text
    assert '<html lang="fr"' in page
    assert 'content="width=device-width, initial-scale=1"' in page
    assert 'class="skip" href="#inhoud"' in page


def test_static_files_are_kept_and_compressed(site):
    page = site.client.get("/").text
    address = re.search(r'href="(/static/css/shell\.css\?v=\w+)"', page).group(1)
    answer = site.client.get(address, headers={"accept-encoding": "gzip"})
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-encoding"] == "gzip"


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://elsewhere.example"},
        {"origin": "null"},
        {"origin": ""},
    ],
)
def test_a_change_asked_by_another_site_is_refused(site, headers):
    site.log_in("Bram Wouters")
    answer = site.client.post("/balie/zuilen/1/activiteit", data={"event_id": ""}, headers=headers)
    assert answer.status_code == 403
    assert "niet van onze eigen pagina" in answer.text


@pytest.mark.parametrize("headers", [{"sec-fetch-site": "same-origin"}, {"origin": "http://testserver"}])
def test_a_change_asked_by_our_own_page_is_done(site, headers):
    site.log_in("Bram Wouters")
    answer = site.client.post("/balie/zuilen/1/activiteit", data={"event_id": ""}, headers=headers)
    assert answer.status_code == 303


def test_the_chosen_language_stays_and_leads_back(site):
    answer = site.client.get("/taal/en?terug=/pashouder")
    assert answer.headers["location"] == "/pashouder"
    assert "Saving points at the zuil" in site.client.get("/pashouder").text


@pytest.mark.parametrize("place", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_no_link_of_ours_leads_away(site, place):
    assert site.client.get("/taal/fr", params={"terug": place}).headers["location"] == "/"


def test_an_unknown_language_is_not_found(site):
    assert site.client.get("/taal/de").status_code == 404


@pytest.mark.parametrize(
    ("asked", "language"),
    [("de,fr;q=0.5,en;q=0.7", "en"), ("", "nl"), ("fr", "fr"), ("pt", "nl"), ("en;q=0,fr;q=x", "nl")],
)
def test_the_browsers_wish_decides_the_language(site, asked, language):
    assert f'<html lang="{language}"' in site.client.get("/", headers={"accept-language": asked}).text


def test_a_missing_page_is_explained_in_one_sentence(site):
    answer = site.client.get("/bestaat-niet")
    assert answer.status_code == 404
    assert "Kijk het adres na of ga terug naar de start." in answer.text


def test_a_program_gets_problem_json_instead_of_a_page(site):
    answer = site.client.get("/bestaat-niet", headers={"accept": "application/json"})
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_bug_shows_a_calm_page(site, monkeypatch):
    def broken(*_args, **_kwargs):
        raise RuntimeError("secret detail")

    monkeypatch.setattr("server.web.pages.page", broken)
    site.client._transport.raise_server_exceptions = False
    answer = site.client.get("/pashouder")
    assert answer.status_code == 500
    assert "Er liep iets mis aan onze kant" in answer.text
    assert "secret detail" not in answer.text
    assert "content-security-policy" in answer.headers
