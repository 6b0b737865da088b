"""Files, folders and a real HTTP server that pages like UiTdatabank's search API."""

import hashlib
import json
import socket
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlmodel import select

from server.cardsystems.models import CardSystem
from server.events.importing import Result, import_source
from server.events.models import Event
from server.events.sources import SearchApi, SourceError, read_path

NOW = datetime(2026, 11, 22, 14, tzinfo=UTC)


def document(event, **changes):
    return {"@id": f"https://x/event/{event}", "name": event, "calendarType": "permanent"} | changes


class Search:
    """A search API on this machine: pages of `documents`, ETags, and `failures` to answer first."""

    def __init__(self, documents):
        self.documents = documents
        self.failures = []
        self.etags = True
        self.total = True
        self.asked = []
        self.served = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.answer(self)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/events?q=uitpas"

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def answer(self, request):
        query = {name: values[0] for name, values in parse_qs(urlsplit(request.path).query).items()}
        self.asked.append((query, request.headers.get("X-Client-Id")))
        if self.failures:
            return self.send(request, *self.failures.pop(0))
        start, limit = int(query["start"]), int(query["limit"])
        page = {"@type": "PagedCollection", "member": self.documents[start : start + limit]}
        if self.total:
            page["totalItems"] = len(self.documents)
        body = json.dumps(page).encode()
        etag = f'"{hashlib.sha256(body).hexdigest()}"' if self.etags else None
        if etag and request.headers.get("If-None-Match") == etag:
            return self.send(request, 304, b"")
        return self.send(request, 200, body, {"ETag": etag} if etag else {})

    def send(self, request, status, body, headers=None):
        self.served.append(status)
        request.send_response(status)
        for name, value in (headers or {}).items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)


@pytest.fixture
def search():
    running = Search([document(f"e{place}") for place in range(250)])
    yield running
    running.close()


def import_from(database, search):
    return list(import_source(database, search.url, now=NOW))


def results(lines):
    return [line.result for line in lines for _ in range(line.count)]


class TestTheSearchApi:
    def test_every_page_is_read_with_the_documents_embedded(self, database, search):
        assert results(import_from(database, search)) == [Result.NEW] * 250
        assert [query["start"] for query, _ in search.asked] == ["0", "100", "200"]
        assert all(query["embed"] == "true" and query["q"] == "uitpas" for query, _ in search.asked)

    def test_unchanged_pages_are_not_sent_again(self, database, search):
        import_from(database, search)
        search.served.clear()
        assert results(import_from(database, search)) == [Result.UNCHANGED] * 250
        assert search.served == [304, 304, 304]

    def test_only_the_changed_page_is_read_again(self, database, search):
        import_from(database, search)
        search.served.clear()
        search.documents[120]["name"] = "Anders"
        found = results(import_from(database, search))
        assert search.served == [304, 200, 304]
        assert found.count(Result.CHANGED) == 1
        assert found.count(Result.UNCHANGED) == 249

    def test_a_new_label_here_makes_every_page_worth_reading_again(self, database, search):
        search.documents[7]["labels"] = ["uitpas-gent"]
        import_from(database, search)
        search.served.clear()
        with database.writing() as session:
            session.add(CardSystem(id=5, name="UiTPAS Gent", labels=["uitpas-gent"], token_key=b""))
        assert results(import_from(database, search)).count(Result.CHANGED) == 1
        assert search.served == [200, 200, 200]

    def test_without_etags_a_second_run_still_changes_nothing(self, database, search):
        search.etags = False
        import_from(database, search)
        assert results(import_from(database, search)) == [Result.UNCHANGED] * 250

    def test_without_a_total_it_reads_until_an_empty_page(self, database, search):
        search.total = False
        assert len(import_from(database, search)) == 250
        assert len(search.asked) == 4

    def test_it_says_who_it_is(self, search):
        list(SearchApi(search.url, client_id="zuil").read())
        assert {client for _, client in search.asked} == {"zuil"}

    def test_a_busy_server_is_asked_again_after_the_time_it_names(self, search):
        search.failures = [(503, b"", {"Retry-After": "7"}), (502, b"")]
        pauses = []
        assert len(list(SearchApi(search.url, pause=pauses.append).read())) == 250
        assert pauses == [7.0, 2.0]

    def test_a_server_that_stays_busy_is_given_up(self, search):
        search.failures = [(500, b"")] * 4
        with pytest.raises(SourceError, match="status 500"):
            list(SearchApi(search.url, pause=lambda _: None).read())

    @pytest.mark.parametrize(
        ("failure", "why"),
        [((404, b""), "status 404"), ((200, b"<html>"), "JSON"), ((200, b'{"error": 1}'), "`member` list")],
    )
    def test_an_answer_that_is_no_page_is_said_at_once(self, search, failure, why):
        search.failures = [failure]
        with pytest.raises(SourceError, match=why):
            list(SearchApi(search.url).read())

    def test_nobody_there_is_one_sentence(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        with pytest.raises(SourceError, match="could not be read"):
            list(SearchApi(f"http://127.0.0.1:{port}/events", pause=lambda _: None).read())

    def test_what_came_before_the_break_is_imported_and_remembered(self, database, search):
        lines = []
        running = import_source(database, search.url, now=NOW)
        lines.append(next(running))
        search.failures = [(404, b"")]
        with pytest.raises(SourceError):
            lines.extend(running)
        assert len(lines) in (100, 200)
        with database.reading() as session:
            assert len(session.exec(select(Event.id)).all()) == len(lines)
        search.served.clear()
        assert len(results(import_from(database, search))) == 250
        assert search.served[0] == 304


class TestFilesAndFolders:
    def test_a_folder_is_read_by_name_and_in_depth(self, tmp_path):
        (tmp_path / "b.json").write_text("{}")
        (tmp_path / "deep").mkdir()
        (tmp_path / "deep" / "a.jsonld").write_text("{}")
        (tmp_path / "notes.txt").write_text("no")
        assert [found.name for found in read_path(tmp_path)] == ["b.json", "deep/a.jsonld"]

    def test_a_file_may_hold_one_document_a_list_or_a_page(self, tmp_path):
        file = tmp_path / "a.json"
        for content, count in (({}, 1), ([{}, {}], 2), ({"member": [{}, {}, {}]}, 3)):
            file.write_text(json.dumps(content))
            assert len(list(read_path(file))) == count

    @pytest.mark.parametrize(
        "content",
        [b"", b"{", b'{"a": 1,}', b"\xff\xfe\xfa", b"[" * 100_000, b"1" * 10_000],
        ids=["empty", "cut off", "comma", "not text", "too deep", "huge number"],
    )
    def test_broken_json_is_one_clear_sentence_and_the_others_go_on(self, database, tmp_path, content):
        (tmp_path / "a.json").write_bytes(content)
        (tmp_path / "b.json").write_text(json.dumps(document("e1")))
        broken, good = import_source(database, str(tmp_path), now=NOW)
        assert (broken.result, broken.reasons[0].code) == (Result.REFUSED, "geen-json")
        assert broken.reasons[0].sentence.endswith(".")
        assert good.result is Result.NEW

    def test_a_byte_order_mark_does_not_matter(self, tmp_path):
        (tmp_path / "a.json").write_bytes(b"\xef\xbb\xbf{}")
        assert [found.content for found in read_path(tmp_path)] == [{}]

    def test_placeholders_can_be_filled_in(self, database, tmp_path):
        (tmp_path / "a.json").write_text(json.dumps(document("e1", location={"@id": "%{place}"})))
        (refused,) = import_source(database, str(tmp_path), now=NOW)
        assert refused.reasons[0].code == "plaatshouder"
        (used,) = import_source(database, str(tmp_path), now=NOW, values={"place": "https://x/place/p1"})
        assert used.result is Result.NEW

    @pytest.mark.parametrize("what", ["missing", "empty folder"])
    def test_a_source_that_is_not_there_is_an_error(self, tmp_path, what):
        path = tmp_path if what == "empty folder" else tmp_path / "nothing.json"
        with pytest.raises(SourceError, match="There"):
            list(read_path(path))
