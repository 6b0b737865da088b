"""`zuil-server events import` and `zuil-server cards import` as a person runs them."""

import json
import secrets

import pytest
from sqlmodel import select

from fakes.command import environment_of, run_command
from server.cards.models import Card
from server.cardsystems.models import CardSystem
from server.events.models import Event
from server.kernel.database import Database
from server.kernel.vault import Vault
from server.migrations.run import migrate
from server.passholders.models import Place

DOCUMENT = {
    "@id": "https://io.uitdatabank.be/event/e1",
    "name": {"nl": "Optreden"},
    "calendarType": "permanent",
    "location": {"@id": "%{placeUrl}"},
}


class Installation:
    def __init__(self, url, folder):
        key = secrets.token_bytes(32)
        self.environment = environment_of(url, key, folder)
        self.folder = folder
        folder.mkdir()
        self.database = Database(url, Vault(key))

    def run(self, *arguments):
        return run_command(self.environment, *arguments)

    def all(self, model):
        with self.database.reading() as session:
            return list(session.exec(select(model)))


@pytest.fixture
def installation(tmp_path):
    made = Installation(f"sqlite:///{tmp_path / 'server.db'}", tmp_path / "data")
    migrate(made.database)
    with made.database.writing() as session:
        session.add(CardSystem(id=1, name="UiTPAS Dender", token_key=b"1"))
    yield made
    made.database.dispose()


def test_a_folder_is_reported_document_by_document(installation, tmp_path):
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "a.json").write_text(json.dumps(DOCUMENT))
    (folder / "b.json").write_text("{")
    done = installation.run("events", "import", folder, "--fill", "placeUrl=https://x/place/p1")
    assert done.returncode == 0, done.stderr
    used, broken, total = done.stdout.splitlines()
    assert used.split()[:2] == ["a.json", "new"]
    assert broken.split()[:3] == ["b.json", "refused", "[geen-json]"]
    assert total == "Documents: 1 new, 0 changed, 0 unchanged, 0 double, 1 refused."
    assert [event.place_id for event in installation.all(Event)] == ["p1"]


def test_what_is_not_offered_or_came_before_is_said_in_words(installation, tmp_path):
    folder = tmp_path / "documents"
    folder.mkdir()
    for name in ("a.json", "b.json"):
        (folder / name).write_text(json.dumps(DOCUMENT | {"location": None, "labels": [], "organizer": None}))
    first, second, _ = installation.run("events", "import", folder).stdout.splitlines()
    assert "Not offered: no label of a card system here, and no organiser." in first
    assert "[dubbel] a.json describes the same event; that one counts." in second


def test_a_source_that_is_not_there_is_exit_code_1_and_the_next_one_is_imported(installation, tmp_path):
    file = tmp_path / "a.json"
    file.write_text(json.dumps(DOCUMENT | {"location": None}))
    done = installation.run("events", "import", tmp_path / "nothing", file)
    assert done.returncode == 1
    assert "There is no file or folder" in done.stderr
    assert len(installation.all(Event)) == 1


def test_an_address_that_cannot_be_read_says_which_can(installation):
    done = installation.run("events", "import", "ftp://127.0.0.1/events.json")
    assert done.returncode == 1
    assert (
        "zuil-server: ftp://127.0.0.1/events.json cannot be read: an address begins with http:// or https://.\n"
    ) in done.stderr


def test_a_file_that_breaks_off_is_told_with_its_line(installation, tmp_path):
    file = tmp_path / "a.json"
    file.write_text('{\n"name": "half')
    done = installation.run("events", "import", file)
    assert "[geen-json] This is not JSON: Unterminated string starting at line 2, column 9." in done.stdout


def test_an_escape_code_in_a_name_does_not_reach_the_terminal(installation, tmp_path):
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "a\x1b[31m.json").write_text("[]")
    (folder / "b.json").write_text('{"calendarType": "\\u001b[31m"}')
    done = installation.run("events", "import", folder)
    assert "\x1b" not in done.stdout


def test_a_list_with_a_bad_line_is_held_back_and_says_which(installation, tmp_path):
    file = tmp_path / "cards.csv"
    file.write_bytes(b'"044D71DA862680";"0945000057915"\r\n"044D71DA862681";"0945000057914"\r\n')
    held = installation.run("cards", "import", "--system", "1", file)
    assert held.returncode == 1
    assert "line 2" in held.stdout
    assert "Nothing was imported: 1 bad line, 1 good one.\n" in held.stdout
    assert "bad_check_digit" in held.stdout
    assert installation.all(Card) == []
    taken = installation.run("cards", "import", "--system", "1", "--only-good", file)
    assert taken.returncode == 0, taken.stderr
    assert [card.uitpas_number for card in installation.all(Card)] == ["0945000057915"]


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("--system", "9", "cards.csv"), 2, "There is no card system 9; choose 1 ("),
        (("--system", "1", "nothing.csv"), 1, "cannot be read: No such file or directory."),
    ],
)
def test_what_cannot_be_done_is_one_sentence(installation, arguments, code, sentence):
    (installation.folder / "cards.csv").write_bytes(b'"044D71DA862680";"0945000057915"\n')
    *options, file = arguments
    done = installation.run("cards", "import", *options, installation.folder / file)
    assert done.returncode == code
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def places_of(installation):
    return {(one.postcode, one.name): one.municipality for one in installation.all(Place)}


@pytest.fixture
def import_places(installation):
    def run(content):
        listed = installation.folder / "places.csv"
        if content is not None:
            listed.write_bytes(content)
        return installation.run("places", "import", listed)

    return run


def test_a_list_of_bpost_becomes_all_places_there_are(installation, import_places):
    done = import_places(
        "\ufeffPostcode;Plaatsnaam;Deelgemeente;Hoofdgemeente;Provincie\n"
        "9040;Sint-Amandsberg;Ja;GENT;OOST-VLAANDEREN\n\n5000;Namur;Neen;NAMUR;NAMUR\n".encode()
    )
    assert (done.returncode, done.stdout) == (0, "There are 2 places now.\n")
    assert places_of(installation) == {("9040", "Sint-Amandsberg"): "Gent", ("5000", "Namur"): "Namur"}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"Postcode;Plaats\n9000;Gent\n", "has to name the columns"),
        (
            b"Postcode;Plaatsnaam;Hoofdgemeente\n9000;Gent;Gent\n90;Gent;Gent\n",
            "Line 3 is not about a place.",
        ),
        (b"Postcode;Plaatsnaam;Hoofdgemeente\n", "holds no places."),
        (b"\xff\xfe\x00P", "is not UTF-8 text."),
        (None, "cannot be read"),
    ],
)
def test_a_list_that_cannot_be_used_leaves_the_places_as_they_were(
    installation, import_places, content, sentence
):
    before = places_of(installation)
    done = import_places(content)
    assert (done.returncode, sentence in done.stderr, done.stderr.count("\n")) == (1, True, 1)
    assert places_of(installation) == before != {}
