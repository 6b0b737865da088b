"""What a zuil says of a release that it was offered."""

from server.releases.models import KioskRelease, Rollout
from shared.wire.messages import ReleaseReport


def test_a_zuil_says_how_far_it_is_and_only_what_is_new_is_written(database, station, roll_out):
    rollout = roll_out("1.4.0")

    def known():
        with database.reading() as session:
            return session.get(KioskRelease, (station.enrolment.kiosk, id_))

    def say(step, sentence=""):
        station.heartbeat(release=ReleaseReport(offer=id_, version="1.4.0", step=step, sentence=sentence))
        return known()

    with database.reading() as session:
        id_ = session.get_one(Rollout, rollout).offer

    station.heartbeat()
    assert known() is None
    assert say("fetching").began is None
    began = say("switching").began
    assert began
    proving = say("proving")
    assert (proving.began, proving.step) == (began, "proving")
    failed = say("failed", "It was\x00 not healthy." + "x" * 999)
    assert (failed.began, failed.step, len(failed.sentence)) == (began, "failed", 300)
    assert failed.sentence.startswith("It was not healthy.")
    assert say("failed", "It was\x00 not healthy." + "x" * 999).at == failed.at
