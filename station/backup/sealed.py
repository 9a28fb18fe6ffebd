"""A stream of bytes under a pass phrase: scrypt, then AES-256-GCM in chunks.

Header: MAGIC, 16 bytes of salt. Then chunks: 4 bytes of length (big endian), sealed bytes. The nonce is the
number of the chunk and whether it is the last, so that chunks cannot be swapped, left out or cut off unseen.
"""

import os
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

MAGIC = b"LKBACK1\n"
SALT_BYTES, TAG_BYTES = 16, 16
CHUNK_BYTES = 1 << 20
_N, _R, _P = 1 << 15, 8, 1  # 32 MiB and about 0.1 s a guess


class Unusable(ValueError):
    """No backup of ours, another pass phrase, or altered; args[0] says which."""


def _cipher(phrase: str, salt: bytes) -> AESGCM:
    return AESGCM(Scrypt(salt=salt, length=32, n=_N, r=_R, p=_P).derive(phrase.encode()))


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


class Writer:
    """Seals what is written to it; whole only after `close`. OSError of the file passes through."""

    def __init__(self, file: BinaryIO, phrase: str) -> None:
        salt = os.urandom(SALT_BYTES)
        self._file, self._cipher, self._head = file, _cipher(phrase, salt), MAGIC + salt
        self._waiting, self._number = bytearray(), 0
        file.write(self._head)

    def write(self, data: bytes) -> int:
        self._waiting += data
        while len(self._waiting) > CHUNK_BYTES:  # the last chunk is never sealed before `close`
            self._seal(bytes(self._waiting[:CHUNK_BYTES]), last=False)
            del self._waiting[:CHUNK_BYTES]
        return len(data)

    def close(self) -> None:
        self._seal(bytes(self._waiting), last=True)

    def _seal(self, plain: bytes, last: bool) -> None:
        sealed = self._cipher.encrypt(_nonce(self._number, last), plain, self._head)
        self._file.write(len(sealed).to_bytes(4, "big") + sealed)
        self._number += 1


class Reader:
    """Opens what Writer sealed; Unusable at the first byte that is not as written."""

    def __init__(self, file: BinaryIO, phrase: str) -> None:
        self._head = file.read(len(MAGIC) + SALT_BYTES)
        if len(self._head) != len(MAGIC) + SALT_BYTES or not self._head.startswith(MAGIC):
            raise Unusable("not a backup of this station's kind")
        self._file, self._cipher = file, _cipher(phrase, self._head[len(MAGIC) :])
        self._waiting, self._number, self._ended = bytearray(), 0, False

    def read(self, size: int) -> bytes:
        """At most `size` bytes, fewer only at the end."""
        while len(self._waiting) < size and not self._ended:
            self._waiting += self._open()
        found = bytes(self._waiting[:size])
        del self._waiting[:size]
        return found

    def finish(self) -> None:
        """Read to the end: what is cut off behind the last file is found too."""
        while self.read(CHUNK_BYTES):
            pass

    def _open(self) -> bytes:
        size = int.from_bytes(self._file.read(4), "big")
        if not TAG_BYTES <= size <= CHUNK_BYTES + TAG_BYTES:
            raise Unusable("the backup is cut off or altered")
        sealed = self._file.read(size)
        if len(sealed) != size:  # a length that was altered beyond the end would pass otherwise
            raise Unusable("the backup is cut off or altered")
        for last in (False, True):
            try:
                plain = self._cipher.decrypt(_nonce(self._number, last), sealed, self._head)
            except InvalidTag:
                continue
            self._number, self._ended = self._number + 1, last
            if last and self._file.read(1):
                raise Unusable("bytes follow the end of the backup")
            return plain
        raise Unusable("another pass phrase, or the backup is cut off or altered")
