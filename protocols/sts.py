"""STS tokens (IEC 62055-41) as printed: checked before they go to a meter, never made, never decrypted.

20 digits are a number of 66 bits. Its bits 28 and 27 are the class; in the block of 64 bits the two highest
stand in their place. Blocks of class 0 (credit) and 2 (management of one meter) are encrypted for that meter:
nothing of them can be read or checked here, not even that they are meant for it. Class 1 (tests, the same for
all meters) is in clear:
    subclass 4 bits, control, manufacturer, CRC 16; control and manufacturer 36 + 8 or, in subclass 1, 28 + 16
CRC: CRC-16/MODBUS, low byte first, over class, subclass, control and manufacturer in seven bytes.
Checked with the class 1 tokens of STS 531-1 tests CTSA02 and CTSA11.
"""

from protocols import crc
from protocols.lines.refused import Refused

DIGITS = 20
CLASSES = ("credit", "test", "management")  # class 3 is reserved
MAX_TEXT = 64  # characters: groups of four with blanks and dashes, twice


def check(text) -> dict:
    """{"token": 20 digits, "class": of CLASSES, and of class 1 "subclass" 0..15, of 0 and 1 of it "control",
    "manufacturer"}.

    Blanks and dashes between digits are as printed. Refused: bad_length (not 20 digits), bad_bcd (no digit),
    bad_value (more than 66 bits), unknown_type (class 3), bad_checksum (class 1 with a wrong digit).
    """
    digits = "".join([c for c in text[: MAX_TEXT + 1] if c not in " -"])
    if len(text) > MAX_TEXT or len(digits) != DIGITS:
        raise Refused("bad_length", "%d digits" % len(digits))
    if [c for c in digits if not "0" <= c <= "9"]:
        raise Refused("bad_bcd")
    number = int(digits)
    if number >> 66:
        raise Refused("bad_value", "more than 66 bits")
    kind, block = _transposed(number)
    if kind >= len(CLASSES):
        raise Refused("unknown_type", "class %d" % kind)
    out = {"token": digits, "class": CLASSES[kind]}
    if kind == 1:
        out.update(_test(block))
    return out


def _transposed(number) -> tuple:
    """(class, block of 64 bits) of a number of 66 bits."""
    kind = number >> 27 & 3
    return kind, (number & ~(3 << 27) | (number >> 64) << 27) & (1 << 64) - 1


def _test(block) -> dict:
    """What a class 1 block says; Refused bad_checksum."""
    body, found = block >> 16, block & 0xFFFF
    good = crc.modbus((1 << 48 | body).to_bytes(7, "big"))
    if found != (good & 0xFF) << 8 | good >> 8:
        raise Refused("bad_checksum")
    subclass = body >> 44
    if subclass > 1:
        return {"subclass": subclass}
    bits = (8, 16)[subclass]
    control = (body & (1 << 44) - 1) >> bits
    return {"subclass": subclass, "control": control, "manufacturer": body & (1 << bits) - 1}
