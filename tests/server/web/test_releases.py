"""The pages of releases: uploading one, rolling it out, and what each person may decide."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import update
from sqlmodel import col, select

from fakes.releases import OTHER_SECRET, PUBLIC, tiny_bundle
from server.counters.models import Counter
from server.kernel.audit import AuditEntry
from server.kiosks.models import KioskCounter
from server.releases.models import KioskRelease, KioskTrack, Release, Rollout
from server.releases.rollouts import halt_if_worse, start_rollout
from server.releases.store import add_release, find_version
from shared.domain.rollouts import Verdict

HERE = "/dashboard/versies"


@pytest.fixture(scope="session")
def bundle(tmp_path_factory):
    return tiny_bundle(tmp_path_factory.mktemp("page") / "tree", "1.4.0", notes="Rustiger <scherm>.")


@pytest.fixture
def pages(site):
    """The site with a key that it trusts, and a KSB of Gent before it."""
    site.client.app.state.settings = replace(site.settings, release_keys=(PUBLIC,))
    site.log_in("Karima El Idrissi")
    return site


def upload(pages, content):
    return pages.client.post(HERE, files={"file": ("zuil-1.4.0.zuil", content)})


def rollouts(pages):
    with pages.database.reading() as session:
        found = session.exec(select(Rollout).order_by(col(Rollout.id)))
        return [(one.state, one.track, one.percent, one.systems) for one in found]


def deeds(pages):
    with pages.database.reading() as session:
        query = select(AuditEntry).where(col(AuditEntry.subject_kind).in_(("release", "rollout")))
        entries = session.exec(query.order_by(col(AuditEntry.at)))
        return [entry.action for entry in entries if entry.staff_id]


def test_a_release_is_uploaded_rolled_out_widened_paused_and_stopped(pages, bundle):
    assert "Er is nog niets uitgerold." in pages.client.get(HERE).text
    kept = upload(pages, bundle)
    assert kept.headers["location"] == f"{HERE}/1?gelukt=bewaard"
    page = pages.client.get(kept.headers["location"]).text
    assert "Rustiger &lt;scherm&gt;." in page
    begun = pages.client.post(f"{HERE}/1/uitrol", data={"track": "stable", "percent": 10, "system": [7]})
    assert begun.headers["location"] == f"{HERE}/uitrol/1"
    assert rollouts(pages) == [("running", "stable", 10, [5])], "a KSB decides for his own card system"
    here = begun.headers["location"]
    assert 'data-state="running"' in pages.client.get(here).text
    assert pages.client.post(f"{here}/uitbreiden", data={"percent": 25}).status_code == 303
    assert pages.client.post(f"{here}/uitbreiden", data={"percent": 10}).status_code == 422
    assert pages.client.post(f"{here}/pauzeren").status_code == 303
    assert pages.client.post(f"{here}/pauzeren").status_code == 409
    assert pages.client.post(f"{here}/hervatten").status_code == 303
    assert pages.client.post(f"{here}/stoppen").status_code == 303
    assert rollouts(pages)[0][0] == "running", "the box was not ticked"
    assert pages.client.post(f"{here}/stoppen", data={"sure": "yes"}).status_code == 303
    assert rollouts(pages) == [("stopped", "stable", 25, [5])]
    assert "keert terug naar wat er ervoor draaide" in pages.client.get(here).text
    assert deeds(pages) == [
        "add-release",
        "start-rollout",
        "widen-rollout",
        "pause-rollout",
        "resume-rollout",
        "stop-rollout",
    ]
    logbook = pages.client.get("/dashboard/logboek").text
    assert "begon een uitrol" in logbook


def test_who_cannot_change_a_rollout_reads_why_and_finds_the_way_back(pages, bundle):
    with pages.database.writing() as session:
        release = add_release(session, bundle, [PUBLIC], datetime.now(UTC))
        here = (
            f"{HERE}/uitrol/{start_rollout(session, release, datetime.now(UTC), percent=25, systems=[5]).id}"
        )

    def asked(deed, referer, **data):
        return pages.client.post(f"{here}/{deed}", data=data, headers={"referer": referer})

    late = asked("hervatten", f"http://testserver{here}")
    assert (late.status_code, f'href="{here}"' in late.text) == (409, True)
    narrower = asked("uitbreiden", f"http://testserver{here}", percent=10)
    assert (narrower.status_code, f'href="{here}"' in narrower.text) == (422, True)
    assert "Een uitrol wordt alleen breder" in narrower.text
    for foreign in ("http://elsewhere" + here, "http://testserver//elsewhere", "http://[", ""):
        assert "Terug naar de pagina" not in asked("hervatten", foreign).text


def test_what_nobody_trusted_signed_is_not_kept_and_the_page_says_why(pages, tmp_path):
    foreign = tiny_bundle(tmp_path / "tree", "1.6.0", secret=OTHER_SECRET)
    why = {foreign: "niet ondertekend met een sleutel", b"nonsense": "is geen versie van een zuil"}
    known, again = (tiny_bundle(tmp_path / f"tree{n}", "1.7.0", notes=str(n)) for n in (1, 2))
    with pages.database.writing() as session:
        add_release(session, known, [PUBLIC], datetime.now(UTC))
        known_id = find_version(session, "1.7.0").id
    why[again] = "versie 1.7.0 is er al, en is niet dezelfde."
    for content, sentence in why.items():
        answer = upload(pages, content)
        assert answer.status_code == 422
        assert "Deze versie werd niet bewaard" in answer.text
        assert sentence in answer.text
    assert "hoogstens 64 MB" in upload(pages, b"").text
    with pages.database.reading() as session:
        assert [one.id for one in session.exec(select(Release))] == [known_id]


def test_without_a_key_the_page_says_so_instead_of_asking_for_a_file(site):
    site.log_in("Karima El Idrissi")
    page = site.client.get(HERE).text
    assert "ZUIL_RELEASE_KEYS" in page
    assert 'type="file"' not in page


def test_a_rollout_for_everyone_is_an_administrators_to_decide(pages, bundle):
    with pages.database.writing() as session:
        release = add_release(session, bundle, [PUBLIC], datetime.now(UTC))
        everywhere = start_rollout(session, release, datetime.now(UTC)).id
        elsewhere = start_rollout(session, release, datetime.now(UTC), systems=[7]).id
    page = pages.client.get(f"{HERE}/uitrol/{everywhere}").text
    assert "Zet de uitrol stop" not in page
    assert pages.client.post(f"{HERE}/uitrol/{everywhere}/pauzeren").status_code == 403
    assert pages.client.get(f"{HERE}/uitrol/{elsewhere}").status_code == 404
    assert pages.client.post(f"{HERE}/uitrol/{elsewhere}/pauzeren").status_code == 404
    assert f"/uitrol/{elsewhere}" not in pages.client.get(HERE).text


def test_a_ksb_sees_his_own_part_of_a_rollout_for_everyone(pages, bundle):
    other = pages.kiosk("Zuil inkomhal").number
    pages.report(other)
    with pages.database.writing() as session:
        session.execute(
            update(KioskCounter).where(KioskCounter.kiosk == other).values(counter_id=_far(session))
        )
        release = add_release(session, bundle, [PUBLIC], datetime.now(UTC))
        rollout = start_rollout(session, release, datetime.now(UTC))
        told = {"offer": rollout.offer, "version": "1.4.0", "step": "failed", "sentence": ""}
        session.add(KioskRelease(kiosk=other, at=1, **told))
        number = rollout.id
    page = pages.client.get(f"{HERE}/uitrol/{number}").text
    assert f"/dashboard/zuilen/{other}" not in page
    assert "alleen het algemeen beheer stuurt ze" in page
    assert 'data-count="back">0<' in page, "it is not one of theirs"
    with pages.database.writing() as session:
        assert halt_if_worse(session, session.get_one(Rollout, number), 2) is Verdict.FAILED
    reason = "Te veel zuilen keerden terug naar wat ze ervoor draaiden."
    page = pages.client.get(f"{HERE}/uitrol/{number}").text
    assert reason in page
    assert (
        "Toen ze stopte, hadden in alle kaartsystemen samen 1 zuilen ze geprobeerd, waren er 1 teruggekeerd"
        in page
    )
    assert reason in pages.client.get(HERE).text


def _far(session):
    """Return a counter of no card system of this KSB."""
    counter = Counter(name="Ver weg")
    session.add(counter)
    session.flush()
    return counter.id


def test_what_went_wrong_stands_on_the_page_of_the_rollout_and_of_the_zuil(pages, bundle):
    kiosk = pages.kiosk("Zuil inkomhal").number
    pages.report(kiosk)
    with pages.database.writing() as session:
        release = add_release(session, bundle, [PUBLIC], datetime.now(UTC))
        rollout = start_rollout(session, release, datetime.now(UTC))
        told = {"offer": rollout.offer, "version": "1.4.0", "step": "failed", "sentence": "BAD reader <b>"}
        session.add(KioskRelease(kiosk=kiosk, at=1, **told))
        number = rollout.id
    for page in (f"{HERE}/uitrol/{number}", f"/dashboard/zuilen/{kiosk}"):
        shown = pages.client.get(page).text
        assert "keerde terug" in shown
        assert "BAD reader &lt;b&gt;" in shown


def test_a_zuil_is_put_on_a_track_on_its_own_page(pages):
    kiosk = pages.kiosk("Zuil inkomhal").number
    for track, done in (("beta", "bewaard"), ("beta", "hetzelfde"), ("stable", "bewaard")):
        answer = pages.client.post(f"{HERE}/zuilen/{kiosk}", data={"track": track})
        assert answer.headers["location"] == f"/dashboard/zuilen/{kiosk}?gelukt={done}"
        with pages.database.reading() as session:
            assert session.get_one(KioskTrack, kiosk).track == track
    assert pages.client.post(f"{HERE}/zuilen/{kiosk}", data={"track": "x"}).status_code == 422
    assert pages.client.post(f"{HERE}/zuilen/999", data={"track": "beta"}).status_code == 404


def test_the_counter_has_nothing_to_do_with_releases(site):
    site.log_in("Bram Wouters")
    assert site.client.get(HERE).status_code == 403
    assert site.client.post(f"{HERE}/1/uitrol", data={}).status_code == 403
