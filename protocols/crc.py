"""The three 16-bit CRCs of meter lines, all reflected. Check value: that of b"123456789".

x25     polynomial 8408, start FFFF, complemented: HDLC, DL/T 698.45, SML     check 906E
modbus  polynomial A001, start FFFF: Modbus RTU                               check 4B37
arc     polynomial A001, start 0: DSMR P1                                     check BB3D
All go on the wire low byte first, but for P1, which writes it as hexadecimal text.
"""


def _tables(polynomial) -> tuple:
    """Low and high bytes of the CRC of each byte: a list of numbers would take eight times the heap."""
    lows, highs = bytearray(256), bytearray(256)
    crc, bit = 1, 128
    while bit:
        crc = crc >> 1 ^ polynomial if crc & 1 else crc >> 1
        for byte in range(0, 256, 2 * bit):
            lows[byte + bit] = lows[byte] ^ crc & 0xFF
            highs[byte + bit] = highs[byte] ^ crc >> 8
        bit >>= 1
    return bytes(lows), bytes(highs)


_X25, _ARC = _tables(0x8408), _tables(0xA001)


def _run(tables, data, start) -> int:
    lows, highs = tables
    low = high = start
    for byte in data:
        byte ^= low
        low = high ^ lows[byte]
        high = highs[byte]
    return high << 8 | low


def x25(data) -> int:
    return _run(_X25, data, 0xFF) ^ 0xFFFF


def modbus(data) -> int:
    return _run(_ARC, data, 0xFF)


def arc(data) -> int:
    return _run(_ARC, data, 0)
