"""Mails to who became a member: once, in his language, and only when there is something to send it with."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import select

from fakes.town import AN, AUTHORISED, GENT, NOON, PASPARTOE, Town
from server.kernel.outbox import KEPT_MILLIS, OutgoingMail, forget_mails
from server.passholders.models import Passholder
from server.registration.facts import Joining
from server.registration.leaving import delete_person
from server.registration.register import join, register
from server.uitid.inviting import Standing, invite, standing_of, write_invitations
from server.uitid.linking import Uitid, link_uitid
from server.uitid.models import Invitation
from server.uitid.tokens import read_token
from shared.domain.zones import to_millis

on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ADDRESS = "https://uitpas.example"


@pytest.fixture
def town(database):
    return Town(database)


@pytest.fixture
def desk(town):
    return town.desk(AUTHORISED)


def registers(town, desk, **person):
    number = town.card(desk)
    with town.database.writing() as session:
        return register(session, replace(AN, **person), Joining(number), desk, NOON).ref


def joins(town, ref):
    elsewhere = town.desk(AUTHORISED, system=PASPARTOE)
    with town.database.writing() as session:
        join(session, session.get_one(Passholder, ref), Joining(), elsewhere, NOON)


def mails(database, now=NOON):
    """Write what is due; return the mails there are."""
    with database.writing() as session:
        write_invitations(session, now, ADDRESS)
    with database.reading() as session:
        return session.exec(select(OutgoingMail).order_by(OutgoingMail.id)).all()


def test_who_is_registered_gets_one_mail_with_a_link_that_proves_who_he_is(database, town, desk):
    ref = registers(town, desk)
    (mail,) = mails(database)
    assert mails(database) == [mail]
    assert (mail.recipient, mail.subject) == ("an@example.be", "Je UiTPAS is klaar")
    assert mail.body.startswith("Dag An,\n\nWelkom bij UiTPAS Gent.")
    token = re.search(rf"{ADDRESS}/mijn-uitpas/koppelen/(\S+)", mail.body)[1]
    with database.reading() as session:
        assert read_token(session, token, NOON + timedelta(days=59)).holder.ref == ref
        assert read_token(session, token, NOON + timedelta(days=61)) is None


def test_who_has_a_uitid_hears_of_the_card_system_that_came_and_of_no_link(database, town, desk):
    ref = registers(town, desk, language="fr")
    mails(database)
    with database.writing() as session:
        link_uitid(session, session.get_one(Passholder, ref), Uitid("an"), NOON)
    joins(town, ref)
    _, mail = mails(database)
    assert mail.subject == "Votre UiTPAS est maintenant valable chez Paspartoe aussi"
    assert "koppelen" not in mail.body


def test_who_has_none_yet_is_asked_again_and_again_on_demand(database, town, desk):
    ref = registers(town, desk)
    joins(town, ref)
    assert len(mails(database)) == 1, "what is not written yet is told in one mail"
    for _ in range(2):
        with database.writing() as session:
            assert invite(session, ref, GENT, NOON)
        mails(database)
    with database.reading() as session:
        assert standing_of(session, ref) == Standing(is_linked=False, mails=3)


@on_one_database
def test_without_an_address_or_when_the_ksb_wants_none_there_is_no_mail(database, town, desk):
    registers(town, desk, email=None)
    town.rules(sends_mails=False)
    registers(town, desk, insz="", first_name="Bo")
    assert mails(database) == []


@on_one_database
def test_what_waited_too_long_for_a_mail_server_is_not_sent_any_more(database, town, desk):
    registers(town, desk)
    assert mails(database, NOON + timedelta(days=8)) == []
    assert mails(database) == []


@on_one_database
def test_who_was_deleted_before_his_mail_was_written_gets_none(database, town, desk):
    ref = registers(town, desk)
    with database.writing() as session:
        delete_person(session, session.get_one(Passholder, ref), [GENT], staff_id=1)
    assert mails(database) == []
    with database.reading() as session:
        assert session.exec(select(Invitation)).all() == []


def test_mails_that_left_are_forgotten_after_a_while_and_those_that_wait_are_not(database, town, desk):
    registers(town, desk)
    registers(town, desk, insz="", first_name="Bo")
    left, _ = mails(database)
    now = to_millis(NOON)
    with database.writing() as session:
        session.get_one(OutgoingMail, left.id).sent = now
    for later, kept in ((KEPT_MILLIS, 2), (KEPT_MILLIS + 1, 1)):
        with database.writing() as session:
            forget_mails(session, now + later)
            assert len(session.exec(select(OutgoingMail)).all()) == kept
