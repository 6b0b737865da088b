"""What answers a form has an address of its own: going back to it works, for who was there."""

from datetime import UTC, datetime

from server.web.kept import LIFE, forget_answers

SEARCH = "/balie/pashouders/zoek"
PERSON = {"sec-fetch-mode": "navigate", "sec-fetch-site": "same-origin"}


def asks(site, text="mira"):
    return site.client.post(SEARCH, data={"text": text}, headers=PERSON)


def shows(site, address):
    return site.client.get(address, headers=PERSON)


def test_who_posts_a_form_is_sent_on_to_its_answer_which_can_be_seen_again(any_site):
    any_site.log_in("Ann Peeters", "Bibliotheek")
    answer = asks(any_site)
    address = answer.headers["location"]
    assert answer.status_code == 303
    assert "mira" not in address
    for _ in range(2):
        page = shows(any_site, address)
        assert (page.status_code, page.headers["cache-control"]) == (200, "no-store")
        assert "Mira Demeester" in page.text
        assert page.headers["permissions-policy"].startswith("camera=(self)"), "the page may scan"


def test_a_page_that_says_what_is_wrong_says_so_again(site):
    site.log_in("Ann Peeters", "Bibliotheek")
    answer = site.client.post("/balie/pashouders/registreren", data={"system": 5}, headers=PERSON)
    assert shows(site, answer.headers["location"]).status_code == 422


def test_who_goes_back_to_the_form_of_a_registration_finds_what_was_typed(any_site):
    any_site.log_in("Ann Peeters", "Bibliotheek")
    register = "/balie/pashouders/registreren"
    form = shows(any_site, register).headers["location"]
    mark = form.partition("formulier=")[2]
    typed = {"system": 5, "form": mark, "first_name": "Zoë", "opt_in": ["post", "sms"]}
    any_site.client.post(register, data=typed, headers=PERSON)
    page = shows(any_site, form).text
    assert 'value="Zoë"' in page
    assert page.count("checked") == 2
    assert 'value="Zoë"' not in shows(any_site, f"{register}?formulier=another").text


def test_who_goes_back_past_a_correction_finds_what_was_typed_last_without_the_old_errors(any_site):
    any_site.log_in("Ann Peeters", "Bibliotheek")
    register = "/balie/pashouders/registreren"
    mark = shows(any_site, register).headers["location"].partition("formulier=")[2]
    typed = {"system": 5, "form": mark, "first_name": "Bo"}
    refused = any_site.client.post(register, data=typed, headers=PERSON).headers["location"]
    assert 'role="alert"' in shows(any_site, refused).text
    typed["first_name"] = "Bobby"
    latest = any_site.client.post(register, data=typed, headers=PERSON).headers["location"]
    back = shows(any_site, refused)
    assert back.headers["location"] == f"{register}?formulier={mark}"
    page = shows(any_site, back.headers["location"])
    assert page.status_code == 200
    assert 'value="Bobby"' in page.text
    assert 'role="alert"' not in page.text
    assert 'role="alert"' in shows(any_site, latest).text, "the last answer can be seen again"


def test_an_answer_is_for_the_same_browser_with_the_same_person_in_it(site):
    site.log_in("Ann Peeters", "Bibliotheek")
    address = asks(site).headers["location"]
    browser = site.client.cookies["zuil_blad"]
    site.log_in("Ann Peeters", "Bibliotheek")
    site.client.cookies["zuil_blad"] = browser
    assert shows(site, address).headers["location"] == SEARCH


def test_an_answer_is_forgotten_after_half_an_hour_and_leads_to_where_it_began(site):
    site.log_in("Ann Peeters", "Bibliotheek")
    address = asks(site).headers["location"]
    with site.database.writing() as session:
        forget_answers(session, datetime.now(UTC) + LIFE)
    assert shows(site, address).headers["location"] == SEARCH
    assert shows(site, SEARCH).headers["location"] == "/balie/pashouders"


def test_a_script_and_an_answer_that_leads_on_are_left_alone(site):
    site.log_in("Ann Peeters", "Bibliotheek")
    assert site.client.post(SEARCH, data={"text": "mira"}).status_code == 200
    found = site.client.post(SEARCH, data={"text": "0900000095902"}, headers=PERSON)
    assert "antwoord" not in found.headers["location"]
