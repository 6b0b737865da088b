"""Registering, replacing, blocking and granting at the counter: with the keyboard alone, and on a phone."""

import pytest
from playwright.sync_api import expect
from sqlmodel import select

from fakes.counter import running_counter
from server.cards.models import Card
from server.passholders.models import Membership

DESKTOP = {"viewport": {"width": 1280, "height": 860}}
PHONE = {"viewport": {"width": 390, "height": 800}, "has_touch": True, "is_mobile": True}
PEOPLE = "/balie/pashouders"
PATIENCE = 20_000
"""Milliseconds; a machine may be busy."""
MOST_TABS = 90
TABBABLE = """
() => [...document.querySelectorAll("a[href], button, input, select, textarea, summary")]
  .filter((one) => one.checkVisibility() && !one.disabled && one.type !== "hidden" && one.tabIndex >= 0)
  .map((one) => { one.dataset.place ??= String(Math.random()); return one.dataset.place; })
"""
PLACE = "() => document.activeElement?.dataset.place ?? ''"


@pytest.fixture(scope="module")
def counter(tmp_path_factory, filled):
    with running_counter(tmp_path_factory.mktemp("counter"), filled) as counter:
        yield counter


@pytest.fixture
def page(chromium, counter, request):
    """Ann at the library, on the device of the test."""
    context = chromium.new_context(locale="nl-BE", **request.param)
    page, complaints = context.new_page(), []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{counter.url}/login")
    page.get_by_role("button", name="Ik ben Ann", exact=True).click()
    page.get_by_role("button", name="Bibliotheek").click()
    page.goto(counter.url + PEOPLE)
    yield page
    context.close()
    assert complaints == []


class Fingers:
    """Works by touching what is seen."""

    def __init__(self, page):
        self.page = page

    def press(self, name, role="button"):
        self.page.get_by_role(role, name=name).first.click()

    def open(self, name):
        self.page.get_by_text(name, exact=True).click()

    def fill(self, label, text):
        self.page.get_by_label(label, exact=True).locator("visible=true").first.fill(text)

    def tick(self, label):
        self.page.get_by_label(label, exact=True).locator("visible=true").first.check()

    def choose(self, label):
        self.tick(label)


class Keys(Fingers):
    """Works with Tab, Space and Enter alone."""

    def press(self, name, role="button"):
        self._go(self.page.get_by_role(role, name=name).first)
        self.page.keyboard.press("Enter")

    def open(self, name):
        self._go(self.page.locator("summary", has_text=name))
        self.page.keyboard.press("Enter")

    def fill(self, label, text):
        field = self.page.get_by_label(label, exact=True).locator("visible=true").first
        self._go(field)
        if field.get_attribute("type") == "date":
            field.evaluate("(one, day) => { one.value = day; }", text)  # each language types its own way
        else:
            self.page.keyboard.insert_text(text)

    def tick(self, label):
        self._go(self.page.get_by_label(label, exact=True).locator("visible=true").first)
        self.page.keyboard.press("Space")

    def choose(self, label):
        wanted = self.page.get_by_label(label, exact=True)
        self._go(self.page.locator(f"input[name={wanted.get_attribute('name')}]:checked"))
        for _ in range(MOST_TABS):
            if wanted.is_checked():
                return
            self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"the arrows do not reach {label}")

    def _go(self, wanted):
        expect(wanted).to_be_visible(timeout=PATIENCE)
        for _ in range(MOST_TABS):
            if wanted.evaluate("(one) => one === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not reach {wanted}")


def in_drawer(counter, *, tariff=False):
    with counter.database.reading() as session:
        query = select(Card.uitpas_number).where(Card.state == "LOCAL_STOCK", Card.counter_id.is_not(None))
        return next(number for number in session.exec(query) if number[-2] == ("1" if tariff else "0"))


def cards_of(counter, ref):
    with counter.database.reading() as session:
        cards = session.exec(select(Card).where(Card.passholder_ref == ref))
        return {card.uitpas_number: card.state for card in cards}


@pytest.mark.parametrize(
    ("page", "hands", "name"),
    [(DESKTOP, Keys, "Evi"), (PHONE, Fingers, "Wout")],
    indirect=["page"],
    ids=["keyboard", "phone"],
)
def test_a_life_at_the_counter(page, counter, hands, name):
    at, first = hands(page), in_drawer(counter)
    at.press("Iemand registreren", "link")
    at.fill("Voornaam", name)
    at.fill("Naam", "Desmet")
    at.fill("Geboortedatum", "1990-05-06")
    at.fill("Postcode", "9000")
    at.fill("Gemeente", "Gent")
    at.fill("Kaart die je meegeeft", first)
    at.press("Nakijken")
    expect(page.locator(".field-error")).to_have_text(
        "Vul een e-mailadres in, of vink aan dat er geen is.", timeout=PATIENCE
    )
    at.tick("Heeft geen e-mailadres")
    at.press("Nakijken")
    expect(page.get_by_role("heading", level=1)).to_have_text("Klopt dit?", timeout=PATIENCE)
    at.press("Registreren")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{name} Desmet", timeout=PATIENCE)
    ref = int(page.url.split("?")[0].rpartition("/")[2])

    second = in_drawer(counter)
    at.open("Een andere kaart geven")
    at.fill("Kaart die je meegeeft", second)
    at.press("Kaart geven")
    expect(page.get_by_role("heading", level=1)).to_have_text("Klopt dit?", timeout=PATIENCE)
    at.press("Kaart geven")
    expect(page.get_by_text("De nieuwe kaart werkt.")).to_be_visible(timeout=PATIENCE)

    third = in_drawer(counter, tariff=True)
    at.open("Een andere kaart geven")
    at.choose("krijgt het kansenstatuut")
    at.fill("Kaart die je meegeeft", third)
    at.press("Kaart geven")
    expect(page.get_by_role("heading", level=1)).to_have_text("Klopt dit?", timeout=PATIENCE)
    at.press("Kaart geven")
    expect(page.get_by_text("kansenstatuut tot en met").first).to_be_visible(timeout=PATIENCE)
    with counter.database.reading() as session:
        assert session.get_one(Membership, (ref, 5)).social_tariff

    at.open("Blokkeren")
    at.press(f"Kaart {third} blokkeren")
    expect(page.get_by_text("De kaart is geblokkeerd.")).to_be_visible(timeout=PATIENCE)
    assert cards_of(counter, ref) == {first: "BLOCKED", second: "BLOCKED", third: "BLOCKED"}
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("page", [DESKTOP], indirect=True)
@pytest.mark.parametrize(
    "path",
    [
        f"{PEOPLE}/registreren",
        *(pytest.param(path, marks=pytest.mark.slow) for path in (PEOPLE, f"{PEOPLE}/1")),
    ],
)
def test_tab_goes_along_everything_in_order_and_comes_out_again(page, counter, path):
    page.goto(counter.url + path)
    wanted = page.evaluate(TABBABLE)
    seen = []
    # It begins where the cursor is; a date has a stop for day, month and year.
    while len(seen) < 2 * len(wanted) and (seen[:1], seen[-1:]) != (wanted[:1], wanted[-1:]):
        page.keyboard.press("Tab")
        place = page.evaluate(PLACE)
        seen = seen if seen[-1:] == [place] else [*([] if place == wanted[0] else seen), place]
    assert seen == wanted
    page.keyboard.press("Tab")
    assert page.evaluate(PLACE) != wanted[-1]
