"""Pictures and schools, which are kept beside a pashouder."""

import io
from datetime import date

import pytest
from PIL import Image

from fakes.town import GENT, PASPARTOE, PLAIN
from server.cardsystems.groups import groups_of
from server.counters.setup import CounterFacts, create_counter
from server.kernel.pictures import PictureError
from server.passholders.models import Membership, Passholder
from server.passholders.names import index_name
from server.registration import pictures
from server.registration.listing import Wanted, list_people
from server.registration.pictures import (
    LARGEST,
    drop_picture,
    make_link,
    mark_of,
    picture_behind,
    picture_of,
    put_picture,
    read_picture,
)
from server.registration.schools import (
    find_school,
    put_school,
    school_of,
    school_sizes,
    schools_in,
)

SECRET = bytes(range(32))


def photo(size=(1200, 800), kind="JPEG", mode="RGB", *, turned=False):
    picture, out = Image.new(mode, size, "teal"), io.BytesIO()
    exif = Image.Exif()
    exif[0x010F] = "Camera of An"
    if turned:
        exif[0x0112] = 6
    picture.save(out, kind, **({"exif": exif} if kind == "JPEG" else {}))
    return out.getvalue()


@pytest.fixture
def ref(database):
    with database.writing() as session:
        holder = Passholder(first_name="An", last_name="Peeters", birth_date=date(1983, 3, 2))
        session.add(holder)
        session.flush()
        return holder.ref


def test_a_picture_is_made_anew_small_upright_and_without_anything_else():
    kept = read_picture(photo(turned=True))
    with Image.open(io.BytesIO(kept)) as picture:
        assert picture.format == "JPEG"
        assert picture.width < picture.height == LARGEST[1]
        assert not picture.getexif()
    assert b"Camera of An" not in kept


@pytest.mark.parametrize(("kind", "mode"), [("PNG", "RGBA"), ("PNG", "L"), ("WEBP", "RGB"), ("GIF", "P")])
def test_whatever_kind_it_was_it_becomes_a_jpeg(kind, mode):
    with Image.open(io.BytesIO(read_picture(photo((30, 20), kind, mode)))) as picture:
        assert (picture.format, picture.mode, picture.size) == ("JPEG", "RGB", (30, 20))


@pytest.mark.parametrize(
    ("content", "is_too_large"),
    [(b"", False), (b"%PDF-1.7", False), (photo()[:300], False), (b"x" * (12 << 20) + b"xx", True)],
)
def test_what_is_no_picture_is_refused(content, is_too_large):
    with pytest.raises(PictureError) as refused:
        read_picture(content)
    assert refused.value.is_too_large is is_too_large


def test_a_picture_with_too_many_pixels_is_not_even_read(monkeypatch):
    monkeypatch.setattr(pictures, "MOST_PIXELS", 100)
    with pytest.raises(PictureError) as refused:
        read_picture(photo((11, 10)))
    assert refused.value.is_too_large


def test_a_link_works_for_a_moment_and_for_one_picture(database, ref, monkeypatch):
    with database.writing() as session:
        put_picture(session, ref, b"first")
        session.flush()
        first = make_link(SECRET, ref, mark_of(session, ref))
        assert picture_behind(session, SECRET, first) == b"first"
        assert picture_behind(session, b"x" * 32, first) is None
        assert picture_behind(session, SECRET, first + "x") is None
        put_picture(session, ref, b"second")
        session.flush()
        assert picture_behind(session, SECRET, first) is None
        second = make_link(SECRET, ref, mark_of(session, ref))
        monkeypatch.setattr(pictures, "LINK_SECONDS", -1)
        assert picture_behind(session, SECRET, second) is None
        assert drop_picture(session, ref)
        session.flush()
        assert not drop_picture(session, ref)
        assert (picture_of(session, ref), mark_of(session, ref)) == (None, "")


def test_who_is_gone_leaves_no_picture_and_no_school(database, town, ref):
    school = town.desk(PLAIN).counter_id
    with database.writing() as session:
        put_picture(session, ref, b"jpeg")
        put_school(session, ref, school)
    with database.writing() as session:
        session.delete(session.get_one(Passholder, ref))
        session.flush()
        assert picture_of(session, ref) is None
        assert school_of(session, ref) is None


def test_pupils_are_found_by_school_name_and_card_system(database, town):
    with database.writing() as session:
        group = next(one.id for one in groups_of(session, [GENT]) if one.is_school)
        school = create_counter(
            session, CounterFacts("Basisschool", "school-1", None, frozenset({GENT}), frozenset({group}))
        )
        plain = create_counter(session, CounterFacts("Bib", "bib", None, frozenset({GENT})))
        for name, system in (("Zoë", GENT), ("Adam", GENT), ("Bas", PASPARTOE)):
            holder = Passholder(first_name=name, last_name="Peeters", birth_date=date(2015, 3, 2))
            session.add(holder)
            session.flush()
            session.add(Membership(passholder_ref=holder.ref, card_system_id=system))
            session.flush()
            assert put_school(session, holder.ref, school)
            assert not put_school(session, holder.ref, school)
            index_name(session, holder)
        session.flush()
        assert [one.id for one in schools_in(session, [GENT])] == [school]
        assert find_school(session, "school-1").id == school
        assert find_school(session, "bib") is None
        assert plain != school
        assert school_sizes(session, GENT) == {school: 2}
        found = list_people(session, Wanted([GENT], at_school=True, school=school), most=1)
        assert (found.total, [one.first_name for one in found.people]) == (2, ["Adam"])
        named = list_people(session, Wanted([GENT, PASPARTOE], at_school=True, name="zo peet"), most=9)
        assert [one.first_name for one in named.people] == ["Zoë"]
        assert list_people(session, Wanted([GENT], at_school=True, school=plain), most=9).total == 0
