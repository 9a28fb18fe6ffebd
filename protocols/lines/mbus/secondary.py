"""Secondary addresses of M-Bus meters (EN 13757-3 clause 5.6): identification, manufacturer, version, medium.

As text `12345678.QDS.0A.07`: 8 digits, 3 letters, version and medium in hex. From the right parts may be left
out; F as a digit and * for a whole part stand for anything.
"""

from binascii import hexlify, unhexlify

# 0-255 of the last byte; what is not here is shown by its number (EN 13757-3 table "device type")
MEDIA = {
    0x00: "other",
    0x01: "oil",
    0x02: "electricity",
    0x03: "gas",
    0x04: "heat",
    0x05: "steam",
    0x06: "warm_water",
    0x07: "water",
    0x08: "heat_cost_allocator",
    0x09: "compressed_air",
    0x0A: "cooling_return",
    0x0B: "cooling_flow",
    0x0C: "heat_flow",
    0x0D: "heat_cooling",
    0x0E: "bus_system",
    0x0F: "unknown",
    0x15: "hot_water",
    0x16: "cold_water",
    0x17: "dual_water",
    0x18: "pressure",
    0x19: "ad_converter",
}


def _manufacturer_code(letters) -> bytes:
    if len(letters) != 3 or not all("A" <= c <= "Z" for c in letters):
        raise ValueError("a manufacturer is 3 letters A-Z")
    code = 0
    for c in letters:
        code = code << 5 | ord(c) - 64
    return code.to_bytes(2, "little")


def _manufacturer_text(data) -> str:
    code = int.from_bytes(data, "little")
    return "".join(chr(64 + (code >> shift & 31)) for shift in (10, 5, 0))


def pack(text) -> bytes:
    """Text (above) -> 8 bytes as on the wire; ValueError when it is no address."""
    parts = text.split(".") + ["*"] * 3
    digits = "F" * 8 if parts[0] == "*" else parts[0]
    if len(digits) != 8 or not digits.replace("F", "0").isdigit() or len(parts) > 7:
        raise ValueError("a secondary address is 8 digits[.manufacturer[.version[.medium]]]")
    maker = b"\xff\xff" if parts[1] == "*" else _manufacturer_code(parts[1])
    tail = b"".join(_byte(part) for part in parts[2:4])
    return bytes(reversed(unhexlify(digits))) + maker + tail


def _byte(text) -> bytes:
    if text != "*" and len(text) != 2:
        raise ValueError("version and medium are two hex digits")
    return b"\xff" if text == "*" else unhexlify(text)


def unpack(data) -> str:
    """8 bytes as on the wire -> text; a part of all ones is written *."""
    maker = "*" if data[4:6] == b"\xff\xff" else _manufacturer_text(data[4:6])
    parts = [hexlify(bytes(reversed(data[:4]))).decode().upper(), maker]
    return ".".join(parts + ["*" if b == 0xFF else "%02X" % b for b in data[6:8]])


def fits(asked, found) -> bool:
    """True when the wildcards of `asked` cover `found`; both 8 bytes."""
    for i in range(4):
        for shift in (0, 4):
            nibble = asked[i] >> shift & 15
            if nibble not in (15, found[i] >> shift & 15):
                return False
    if asked[4:6] != b"\xff\xff" and asked[4:6] != found[4:6]:
        return False
    return asked[6] in (0xFF, found[6]) and asked[7] in (0xFF, found[7])
