"""Cards from the printer to a counter, a price, a voucher and a group, by clicking and typing."""

import re
import threading
import time
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
import uvicorn
from playwright.sync_api import expect
from sqlalchemy import delete

from fakes.ports import free_ports
from server.app import create_app
from server.demo.seed import seed
from server.kernel.database import Database
from server.kernel.vault import Vault
from server.migrations.run import migrate
from server.prices.models import PriceRow, PriceTable
from server.settings import Settings

CARDS = "/dashboard/kaarten/5"
LIBRARY = "Bibliotheek De Sleutel"


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The server with the demo's people and cards; nobody taps here, so no zuil runs."""
    folder, port = tmp_path_factory.mktemp("cards"), free_ports(1)
    settings = Settings(
        database_url=f"sqlite:///{folder / 'server.db'}",
        secret_key=bytes(32),
        data_dir=folder,
        demo=True,
        port=port,
    )
    database = Database(settings.database_url, Vault(settings.secret_key))
    migrate(database)
    seed(database, datetime.now(UTC))
    with database.writing() as session:  # a region that has no prices yet
        session.execute(delete(PriceRow))
        session.execute(delete(PriceTable))
    database.dispose()
    server = uvicorn.Server(uvicorn.Config(create_app(settings), port=port, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started and time.monotonic() < deadline:
        thread.join(0.02)
    yield SimpleNamespace(server=SimpleNamespace(url=f"http://127.0.0.1:{port}"))
    server.should_exit = True
    thread.join()


def test_cards_travel_from_the_printer_to_a_counter(visit, tmp_path):
    visit.log_in("Karima")
    page = visit.open("/dashboard/instellingen/balies")
    page.get_by_role("link", name=LIBRARY).click()
    page.get_by_label("Niet-geauthorizeerde registratie balies").check()
    page.get_by_role("button", name="Bewaren").click()

    page = visit.open(f"{CARDS}/bestellingen")
    page.get_by_label("Aantal").fill("60")
    page.get_by_role("button", name="Nummers maken").click()
    page.get_by_role("button", name="Toch 60 nummers maken").dblclick()
    lists = page.get_by_role("link", name="Lijst voor de leverancier")
    expect(lists).to_have_count(1)  # who clicks twice orders once
    with page.expect_download() as download:
        page.get_by_role("link", name="Lijst voor de leverancier").first.click()
    numbers = re.findall(r"\d{13}", download.value.path().read_text())
    printed = tmp_path / "geleverd.csv"
    printed.write_text("".join(f'"04{int(one):012X}";"{one}"\r\n' for one in numbers))

    page.get_by_role("link", name="Leverancier", exact=True).click()
    page.get_by_label("Lijst van de leverancier").set_input_files(printed)
    page.get_by_role("button", name="In voorraad nemen").click()
    expect(page.get_by_text("60 kaarten in voorraad genomen.")).to_be_visible(timeout=10_000)

    page.get_by_role("link", name="Pakken").click()
    page.get_by_label("Of het pak met deze kaart").fill(numbers[3])
    page.get_by_label("Balie", exact=True).select_option(LIBRARY)
    page.get_by_role("button", name="Versturen").click()
    expect(page.get_by_text(f"50 kaarten · {numbers[0]}")).to_be_visible()

    visit.open("/login")
    visit.log_in("Ann", LIBRARY)
    page = visit.open("/balie/kaarten")
    expect(page.get_by_text("Onderweg naar deze balie")).to_be_visible()
    # A scanner types what it reads and presses Enter.
    page.get_by_label("Scan of typ één kaart van het pak").focus()
    page.keyboard.type(f"04{int(numbers[49]):012X}")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Het pak is aangekomen.")).to_be_visible()
    expect(page.get_by_role("row", name="UiTPAS Gent · zonder")).to_contain_text("57")


def test_a_price_and_vouchers_that_change_it(visit):
    visit.log_in("Karima")
    page = visit.open(f"{CARDS}/prijzen")
    page.get_by_role("button", name="Maak deze prijzen").click()
    page.get_by_label("Prijs in euro").fill("5")
    page.get_by_label("Vanaf leeftijd").fill("18")
    page.get_by_label("Ook als we de leeftijd niet kennen").check()
    page.get_by_label("Prijs in euro").press("Enter")
    expect(page.get_by_text("eerste kaart · vanaf 18 jaar, of leeftijd onbekend")).to_be_visible()
    page.get_by_role("link", name="Vouchers").click()
    page.get_by_label("Naam").fill("Welkom")
    page.get_by_label("Prefix").fill("welkom")
    page.get_by_role("button", name="Vouchertype toevoegen").click()
    page.get_by_label("Aantal").fill("20")
    page.get_by_role("button", name="Nummers maken").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Lijst met nummers").click()
    assert len({*download.value.path().read_text().split()}) == 20
    page.get_by_role("link", name="Prijzen met deze voucher").click()
    page.get_by_role("link", name="geldt nu").click()
    page.get_by_role("button", name=re.compile("Haal weg: eerste kaart")).click()
    page.get_by_label("Prijs in euro").fill("1,50")
    page.get_by_role("button", name="Prijs toevoegen").click()
    expect(page.get_by_text(re.compile("€.1,50"))).to_be_visible()


def test_a_group_gets_its_tickets_and_gives_some_back(visit):
    visit.log_in("Bram")
    page = visit.open("/balie/groepspas")
    page.get_by_label("Kaartnummer of chipnummer").fill("0900000045410")
    page.keyboard.press("Enter")
    page.get_by_label("Aantal tickets").fill("12")
    page.keyboard.press("Enter")
    expect(page.get_by_text("nog 38 van 50")).to_be_visible()
    page.get_by_role("button", name="Teruggeven").click()
    expect(page.get_by_text("nog 50 van 50")).to_be_visible()
