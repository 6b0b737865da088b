"""An emulated Belgian eID: it selects files by path and reads them in blocks, as the real one does."""

import io
import random

from PIL import Image

PATHS = {"identity": "3F00DF014031", "address": "3F00DF014033", "photo": "3F00DF014035"}
PERSON = {
    0: "\x00\x02",
    1: "591000000001",
    2: "x" * 16,
    3: "01.02.2020",
    4: "01.02.2030",
    5: "Gent",
    6: "83030201540",
    7: "Peeters",
    8: "An Sofie",
    9: "M",
    10: "Belg",
    11: "Gent",
    12: "02 MAAR 1983",
    13: "V",
    17: "y" * 48,
}
HOME = {0: "\x00\x00", 1: "Dorpsstraat 12 bus 3", 2: "9040", 3: "Gent"}
SHORTER = 0x6C


def file_of(fields, padding=0):
    """Return the content of a file: tag, length, text."""
    content = b""
    for tag, text in fields.items():
        value = text.encode()
        lengths = [255] * (len(value) // 255) + [len(value) % 255]
        content += bytes([tag, *lengths]) + value
    return content + bytes(padding)


def portrait():
    """Return a photo as there is one on a card: 140 by 200, a few kB."""
    draw, picture = random.Random(4), Image.new("L", (140, 200), 200)
    picture.putdata([draw.randrange(90, 210) for _ in range(140 * 200)])
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=40)
    return content.getvalue()


PORTRAIT = portrait()


class EmulatedEid:
    """Answers commands; `files` by path in hexadecimal. strict: as older cards, it wants the exact length."""

    def __init__(self, person=PERSON, home=HOME, *, strict=False):
        self.files = {PATHS["identity"]: file_of(person), PATHS["address"]: file_of(home, padding=40)}
        self.files[PATHS["photo"]] = PORTRAIT
        self.strict = strict
        self._selected = b""

    def answer(self, command):
        head, rest = command[:4], command[4:]
        if head == b"\x00\xa4\x08\x0c":
            found = self.files.get(rest[1:].hex().upper())
            self._selected = found or b""
            return b"\x90\x00" if found else b"\x6a\x82"
        if head[:2] == b"\x00\xb0":
            return self._read(int.from_bytes(head[2:4]), rest[0] or 256)
        return b"\x6d\x00"

    def _read(self, offset, length):
        left = len(self._selected) - offset
        if left <= 0:
            return b"\x6b\x00"
        if left < length and self.strict:
            return bytes([SHORTER, left])
        return self._selected[offset : offset + length] + b"\x90\x00"
