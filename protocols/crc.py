"""The three 16-bit CRCs of meter lines, all reflected. Check value: that of b"123456789".

x25     polynomial 8408, start FFFF, complemented: HDLC, DL/T 698.45, SML     check 906E
modbus  polynomial A001, start FFFF: Modbus RTU                               check 4B37
arc     polynomial A001, start 0: DSMR P1                                     check BB3D
All go on the wire low byte first, but for P1, which writes it as hexadecimal text.
"""


def _table(polynomial) -> list:
    table = [0] * 256
    crc, bit = 1, 128
    while bit:
        crc = crc >> 1 ^ polynomial if crc & 1 else crc >> 1
        for byte in range(0, 256, 2 * bit):
            table[byte + bit] = table[byte] ^ crc
        bit >>= 1
    return table


_X25, _ARC = _table(0x8408), _table(0xA001)


def _run(table, data, crc) -> int:
    for byte in data:
        crc = crc >> 8 ^ table[crc & 0xFF ^ byte]
    return crc


def x25(data) -> int:
    return _run(_X25, data, 0xFFFF) ^ 0xFFFF


def modbus(data) -> int:
    return _run(_ARC, data, 0xFFFF)


def arc(data) -> int:
    return _run(_ARC, data, 0)
