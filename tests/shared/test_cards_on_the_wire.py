"""Tokens, blocks, snapshot files and checksums of cards."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.wire.cards import (
    BLOCK_ROWS,
    CardRow,
    MalformedBlockError,
    add_checksums,
    card_token,
    decode_block,
    encode_block,
    read_snapshot,
    row_hash,
    write_snapshot,
)
from shared.wire.chain import GENESIS, chain_link

rows = st.lists(
    st.builds(
        CardRow,
        st.integers(-(2**63), 2**63 - 1),
        st.integers(0, 2**32 - 1),
        st.integers(0, 255),
        st.integers(0, 65535),
        st.integers(0, 2**32 - 1),
    ),
    max_size=50,
    unique_by=lambda row: row.token,
)


@given(rows)
def test_a_block_gives_back_its_rows_in_order(cards):
    assert decode_block(encode_block(cards)) == sorted(cards)


@given(st.binary(max_size=200))
def test_other_bytes_are_refused_not_misread(junk):
    try:
        decode_block(junk)
    except MalformedBlockError:
        return
    assert junk == b""


@given(rows.filter(bool), st.data())
def test_a_snapshot_that_is_cut_off_is_noticed(cards, data):
    file = io.BytesIO()
    count, _ = write_snapshot(file, 5, sorted(cards))
    assert count == len(cards)
    whole = file.getvalue()
    keep = data.draw(st.integers(0, len(whole) - 1))
    if keep == 12:  # exactly the header: a snapshot of no cards
        return
    with pytest.raises(MalformedBlockError):
        list(read_snapshot(io.BytesIO(whole[:keep])))


def test_a_snapshot_of_many_blocks_reads_back_block_by_block():
    cards = [
        CardRow(index * 7919 - 2**62, index, 4, 65535, index % 60) for index in range(BLOCK_ROWS * 2 + 5)
    ]
    file = io.BytesIO()
    count, checksum = write_snapshot(file, 5, cards)
    file.seek(0)
    blocks = list(read_snapshot(file))
    assert [len(block) for block in blocks] == [BLOCK_ROWS, BLOCK_ROWS, 5]
    assert [row for block in blocks for row in block] == cards
    assert count == len(cards)
    assert checksum == add_checksums(*map(row_hash, cards))


@given(rows)
def test_the_checksum_does_not_depend_on_the_order(cards):
    assert add_checksums(*map(row_hash, cards)) == add_checksums(*map(row_hash, reversed(cards)))


@given(rows.filter(bool), st.integers(0, 2**32 - 1))
def test_the_checksum_follows_one_changed_row(cards, points):
    before = add_checksums(*map(row_hash, cards))
    changed = cards[0]._replace(points=points)
    after = add_checksums(before, -row_hash(cards[0]), row_hash(changed))
    assert after == add_checksums(*map(row_hash, [changed, *cards[1:]]))


def test_a_token_depends_on_the_key_and_never_shows_the_chip():
    one, other = card_token(b"a" * 32, "044D71DA862680"), card_token(b"b" * 32, "044D71DA862680")
    assert one != other
    assert -(2**63) <= one < 2**63


def test_a_chain_breaks_when_a_row_changes_or_moves():
    first = chain_link(GENESIS, b"one")
    assert chain_link(first, b"two") != chain_link(GENESIS, b"two")
    assert chain_link(first, b"two") != chain_link(first, b"Two")
