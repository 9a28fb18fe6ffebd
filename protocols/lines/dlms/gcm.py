"""AES-GCM (NIST SP 800-38D) with a 96-bit IV over an injected block cipher.

The block cipher is a callable 16 bytes -> 16 bytes under one key: `cryptolib.aes(key, 1).encrypt` on
MicroPython, `Cipher(AES(key), ECB()).encryptor().update` of `cryptography` on CPython. GHASH runs over 4-bit
tables of integers.
"""

from protocols.lines.refused import Refused
from protocols.mac import same

BLOCK, TAG, IV = 16, 12, 12  # DLMS truncates the tag to 96 bits
_POLYNOMIAL = 0xE1 << 120  # x^128 + x^7 + x^2 + x + 1, bit-reflected


def _halved(value) -> int:
    """Times x: in GCM's order of bits a shift to the right."""
    return value >> 1 ^ _POLYNOMIAL if value & 1 else value >> 1


def _times(value, count) -> int:
    for _ in range(count):
        value = _halved(value)
    return value


_FOUR_OUT = [_times(low, 4) for low in range(16)]  # what four bits shifted out put back in


class Gcm:
    def __init__(self, block) -> None:
        self._block = block
        table = [0] * 16
        table[8] = int.from_bytes(block(bytes(BLOCK)), "big")
        for at in (4, 2, 1):
            table[at] = _halved(table[at * 2])
        for at in range(3, 16):
            table[at] = table[at & -at] ^ table[at & at - 1]
        self._table = table

    def _ghash(self, state, data) -> int:
        for at in range(0, len(data), BLOCK):
            piece = data[at : at + BLOCK]
            state ^= int.from_bytes(piece, "big") << 8 * (BLOCK - len(piece))
            state = self._by_key(state)
        return state

    def _by_key(self, value) -> int:
        out, table = 0, self._table
        for byte in reversed(value.to_bytes(BLOCK, "big")):
            out = out >> 4 ^ _FOUR_OUT[out & 15] ^ table[byte & 15]
            out = out >> 4 ^ _FOUR_OUT[out & 15] ^ table[byte >> 4]
        return out

    def _tag(self, iv, aad, ciphertext) -> bytes:
        state = self._ghash(self._ghash(0, aad), ciphertext)
        lengths = (len(aad) * 8).to_bytes(8, "big") + (len(ciphertext) * 8).to_bytes(8, "big")
        state = self._ghash(state, lengths)
        mask = int.from_bytes(self._block(iv + b"\0\0\0\1"), "big")
        return (state ^ mask).to_bytes(BLOCK, "big")

    def crypt(self, iv, data) -> bytes:
        """Counter mode alone: the same both ways."""
        out = []
        for at in range(0, len(data), BLOCK):
            piece = data[at : at + BLOCK]
            stream = self._block(iv + (at // BLOCK + 2).to_bytes(4, "big"))[: len(piece)]
            mixed = int.from_bytes(piece, "big") ^ int.from_bytes(stream, "big")
            out.append(mixed.to_bytes(len(piece), "big"))
        return b"".join(out)

    def seal(self, iv, aad, plain, tag=TAG) -> bytes:
        """Ciphertext and the first `tag` bytes of the tag."""
        ciphertext = self.crypt(iv, plain)
        return ciphertext + self._tag(iv, aad, ciphertext)[:tag]

    def open(self, iv, aad, sealed, tag=TAG) -> bytes:
        """The plain bytes; Refused bad_mac, truncated."""
        if len(sealed) < tag:
            raise Refused("truncated", "no room for a tag")
        ciphertext = sealed[: len(sealed) - tag]
        if not same(self._tag(iv, aad, ciphertext)[:tag], sealed[len(ciphertext) :]):
            raise Refused("bad_mac")
        return self.crypt(iv, ciphertext)
