"""Cards as they travel: keyed tokens, packed blocks, snapshot files and their checksum.

A *token* is a 64-bit keyed hash of a chip number; the key belongs to the card system, so a
stolen cache says nothing about the chips. A *block* holds rows by column: sorted token gaps
split into byte planes, which is what zstandard packs best (`design/speed.md`: about 9 bytes
a card). A *snapshot file* is a header and a sequence of length-prefixed blocks, so that both
sides hold one block in memory, never the file.
"""

from __future__ import annotations

import hashlib
import struct
import sys
from array import array
from collections.abc import Iterable, Iterator
from itertools import accumulate, pairwise
from typing import BinaryIO, Final, NamedTuple

import zstandard

BLOCK_ROWS: Final = 32_768
MAX_BLOCK_BYTES: Final = BLOCK_ROWS * 24
NEVER: Final = 0
FOREVER: Final = 65_535
_MAGIC: Final = b"ZUILCRD1"
_LENGTH: Final = struct.Struct("<I")
_ROW: Final = struct.Struct("<QIBHI")
_SIGN_BIT: Final = 1 << 63
_MODULUS: Final = 1 << 64


class CardRow(NamedTuple):
    """One card in the cache of a zuil.

    token: 64-bit keyed hash of the chip number, signed as SQLite stores it.
    passholder: the holder's reference, 0 when the card is not registered.
    state: a `shared.domain.checkin.CardState`, plus 16 when it is the card of a group pass.
    active_until: last day with an active membership, in days since 2000-01-01; NEVER, FOREVER.
    points: the holder's balance.
    """

    token: int
    passholder: int
    state: int
    active_until: int
    points: int


class MalformedBlockError(ValueError):
    """The bytes are not a block of cards: cut off, or not ours."""


def card_token(key: bytes, chip_number: str) -> int:
    """Return the signed 64-bit token of a chip number (14 hexadecimal digits) under a key of 32 bytes."""
    digest = hashlib.blake2b(bytes.fromhex(chip_number), key=key, digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)


def key_mark(key: bytes) -> str:
    """Return what tells one token key from another and gives nothing of it away: 16 hexadecimal digits."""
    return hashlib.blake2b(b"mark", key=key, digest_size=8).hexdigest()


def row_hash(row: CardRow) -> int:
    """Return the unsigned 64-bit hash of one row; the checksum of a set is the sum modulo 2**64."""
    packed = _ROW.pack(row[0] % _MODULUS, row[1], row[2], row[3], row[4])
    return int.from_bytes(hashlib.blake2b(packed, digest_size=8).digest(), "little")


def add_checksums(*sums: int) -> int:
    """Return the checksum of a union of disjoint sets; subtract by passing a negative sum."""
    return sum(sums) % _MODULUS


def format_checksum(checksum: int) -> str:
    """Return a checksum as 16 hexadecimal digits."""
    return f"{checksum:016x}"


def encode_block(rows: Iterable[CardRow]) -> bytes:
    """Pack rows (any order, tokens distinct, at most `BLOCK_ROWS`) into one compressed block."""
    ordered = sorted(rows)
    if len(ordered) > BLOCK_ROWS:
        raise ValueError(f"a block holds at most {BLOCK_ROWS} cards, not {len(ordered)}")
    if not ordered:
        return b""
    tokens = [row.token + _SIGN_BIT for row in ordered]
    gaps = [tokens[0], *(after - before for before, after in pairwise(tokens))]
    planes = [_LENGTH.pack(len(ordered)), _planes("Q", gaps)]
    planes.append(_planes("I", [row.passholder for row in ordered]))
    planes.append(_planes("B", [row.state for row in ordered]))
    planes.append(_planes("H", [row.active_until for row in ordered]))
    planes.append(_planes("I", [row.points for row in ordered]))
    return zstandard.ZstdCompressor(level=3).compress(b"".join(planes))


def decode_block(block: bytes) -> list[CardRow]:
    """Return the rows of a block, ordered by token.

    Raises:
        MalformedBlockError: the bytes are not a whole block.
    """
    if not block:
        return []
    try:
        raw = zstandard.ZstdDecompressor().decompress(block, max_output_size=MAX_BLOCK_BYTES)
        (count,) = _LENGTH.unpack_from(raw)
    except (zstandard.ZstdError, struct.error) as error:
        raise MalformedBlockError("these bytes are not a block of cards") from error
    if len(raw) != _LENGTH.size + count * _ROW.size:
        raise MalformedBlockError(f"a block of {count} cards cannot be {len(raw)} bytes")
    offset = _LENGTH.size
    columns = []
    for code in "QIBHI":
        size = array(code).itemsize * count
        columns.append(_unplanes(code, raw[offset : offset + size]))
        offset += size
    columns[0] = [token - _SIGN_BIT for token in accumulate(columns[0])]
    return list(map(CardRow._make, zip(*columns, strict=True)))


def write_snapshot(target: BinaryIO, system: int, rows: Iterable[CardRow]) -> tuple[int, int]:
    """Write a snapshot file of rows ordered by token; return (cards, checksum)."""
    target.write(_MAGIC + _LENGTH.pack(system))
    cards = checksum = 0
    pending: list[CardRow] = []
    for row in rows:
        checksum += row_hash(row)
        pending.append(row)
        if len(pending) == BLOCK_ROWS:
            cards += _write_block(target, pending)
            pending = []
    cards += _write_block(target, pending)
    return cards, checksum % _MODULUS


def read_snapshot(source: BinaryIO) -> Iterator[list[CardRow]]:
    """Yield the blocks of a snapshot file, one at a time.

    Raises:
        MalformedBlockError: the file is cut off or not a snapshot.
    """
    header = source.read(len(_MAGIC) + _LENGTH.size)
    if not header.startswith(_MAGIC) or len(header) != len(_MAGIC) + _LENGTH.size:
        raise MalformedBlockError("this file is not a snapshot of cards")
    while prefix := source.read(_LENGTH.size):
        if len(prefix) != _LENGTH.size:
            raise MalformedBlockError("this snapshot is cut off")
        (size,) = _LENGTH.unpack(prefix)
        block = source.read(size) if size <= MAX_BLOCK_BYTES else b""
        if len(block) != size:
            raise MalformedBlockError("this snapshot is cut off")
        yield decode_block(block)


def _write_block(target: BinaryIO, rows: list[CardRow]) -> int:
    if rows:
        block = encode_block(rows)
        target.write(_LENGTH.pack(len(block)) + block)
    return len(rows)


def _planes(code: str, values: list[int]) -> bytes:
    column = array(code, values)
    if sys.byteorder == "big":
        column.byteswap()
    raw = column.tobytes()
    return b"".join(raw[byte :: column.itemsize] for byte in range(column.itemsize))


def _unplanes(code: str, planes: bytes) -> list[int]:
    column = array(code)
    count = len(planes) // column.itemsize
    raw = bytearray(len(planes))
    for byte in range(column.itemsize):
        raw[byte :: column.itemsize] = planes[byte * count : (byte + 1) * count]
    column.frombytes(bytes(raw))
    if sys.byteorder == "big":
        column.byteswap()
    return column.tolist()
