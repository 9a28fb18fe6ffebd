"""Security suite 0 (Green Book 9.2): AES-GCM-128 protection of APDUs, and HLS mechanism 5.

A protected body is SC | IC | ciphertext | tag. SC: 10 authenticated, 20 encrypted, low half the suite. IC
counts what the sender protected under the key and must never repeat. IV = system title of the sender | IC.
AAD: SC | authentication key, and the plain APDU too when it is only authenticated; nothing when only
encrypted. The body stands in a service-specific APDU (tag of its own, length, body) or in
general-glo-ciphering (DB, title, body).
"""

from protocols.lines.dlms.axdr import Cursor, octets_bytes
from protocols.lines.dlms.gcm import TAG, Gcm
from protocols.lines.refused import Refused

AUTHENTICATED, ENCRYPTED = 0x10, 0x20
BOTH = AUTHENTICATED | ENCRYPTED
TITLE = 8
GENERAL_GLOBAL, GENERAL_DEDICATED = 0xDB, 0xDC
MAX_COUNTER = 0xFFFFFFFF

# plain tag -> its globally ciphered tag; with the dedicated key of one association it is 20 or 08 more
_GLOBAL = {0x01: 0x21, 0x08: 0x28, 0x0E: 0x2E}
_GLOBAL.update({tag: tag + 8 for tag in (0xC0, 0xC1, 0xC3, 0xC4, 0xC5, 0xC7)})
_SPECIFIC = tuple(_GLOBAL.values())
_DEDICATED = tuple([tag + (8 if tag > 0x80 else 0x20) for tag in _SPECIFIC])

_SUITES = (0, 1)  # suite 1 protects APDUs as suite 0 does


class Keys:
    """One encryption key with the authentication key; protects what is sent, opens what came.

    `encrypt_block(key)` gives the block cipher, see gcm.py.
    """

    def __init__(self, encrypt_block, encryption, authentication) -> None:
        if len(encryption) != 16 or len(authentication) not in (0, 16):
            raise ValueError("keys of suite 0 have 16 bytes")
        self._encrypt_block = encrypt_block
        self._gcm = Gcm(encrypt_block(encryption))
        self._authentication = authentication

    def dedicated(self, key) -> "Keys":
        """The same with the encryption key of one association."""
        return Keys(self._encrypt_block, key, self._authentication)

    def seal(self, title, counter, plain, control=BOTH) -> bytes:
        iv, head = _iv(title, counter), bytes([control]) + counter.to_bytes(4, "big")
        aad = bytes([control]) + self._authentication
        if control & BOTH == BOTH:
            return head + self._gcm.seal(iv, aad, plain)
        if control & AUTHENTICATED:
            return head + plain + self._gcm.seal(iv, aad + plain, b"")
        return head + self._gcm.crypt(iv, plain)

    def open(self, title, body) -> tuple:
        """(SC, IC, plain); Refused truncated, unsupported, bad_mac."""
        control, counter, sealed = split(body)
        iv, aad = _iv(title, counter), bytes([control]) + self._authentication
        if control & BOTH == BOTH:
            return control, counter, self._gcm.open(iv, aad, sealed)
        if control & AUTHENTICATED:
            if len(sealed) < TAG:
                raise Refused("truncated", "no room for a tag")
            plain = sealed[: len(sealed) - TAG]
            self._gcm.open(iv, aad + plain, sealed[len(plain) :])
            return control, counter, plain
        return control, counter, self._gcm.crypt(iv, sealed)

    def answer(self, title, counter, challenge) -> bytes:
        """f(challenge) of HLS mechanism 5, for passes 3 and 4: SC | IC | tag, 17 bytes."""
        aad = bytes([AUTHENTICATED]) + self._authentication + challenge
        return (
            bytes([AUTHENTICATED])
            + counter.to_bytes(4, "big")
            + self._gcm.seal(_iv(title, counter), aad, b"")
        )

    def check(self, title, challenge, answer) -> int:
        """The counter in the other side's f(challenge); Refused bad_mac, truncated, unsupported."""
        control, counter, tag = split(answer)
        if control & BOTH != AUTHENTICATED or len(tag) != TAG:
            raise Refused("bad_mac", "no answer of mechanism 5")
        self._gcm.open(_iv(title, counter), bytes([control]) + self._authentication + challenge, tag)
        return counter


def _iv(title, counter) -> bytes:
    if len(title) != TITLE:
        raise Refused("bad_length", "a system title has 8 bytes")
    return title + counter.to_bytes(4, "big")


def split(body) -> tuple:
    """(SC, IC, rest) of a protected body; Refused truncated, unsupported."""
    cursor = Cursor(body)
    control, counter = cursor.number(1), cursor.number(4)
    if control & 0x0F not in _SUITES or not control & BOTH or control & 0xC0:
        raise Refused("unsupported", "security control %02X" % control)
    return control, counter, cursor.take(cursor.left())


def wrap(plain_tag, title, body, general=False, dedicated=False) -> bytes:
    """The APDU that carries a protected body; `title` stands in the general form only."""
    if general:
        return (
            bytes([GENERAL_DEDICATED if dedicated else GENERAL_GLOBAL])
            + octets_bytes(title)
            + octets_bytes(body)
        )
    tag = _GLOBAL[plain_tag]
    return bytes([_DEDICATED[_SPECIFIC.index(tag)] if dedicated else tag]) + octets_bytes(body)


def is_protected(apdu) -> bool:
    return apdu[:1] != b"" and (apdu[0] in _SPECIFIC + _DEDICATED + (GENERAL_GLOBAL, GENERAL_DEDICATED))


def unwrap(apdu) -> tuple:
    """(title or b"", body, general, dedicated); Refused truncated, trailing, unknown_function."""
    cursor = Cursor(apdu)
    tag = cursor.number(1)
    if not is_protected(apdu):
        raise Refused("unknown_function", "%02X is not ciphered" % tag)
    general = tag in (GENERAL_GLOBAL, GENERAL_DEDICATED)
    title = cursor.octets() if general else b""
    body = cursor.octets()
    cursor.end()
    return title, body, general, tag == GENERAL_DEDICATED or tag in _DEDICATED


def increased(counter, last) -> int:
    """`counter`, when it is more than the last taken from this sender; Refused replayed, detail: the next."""
    if counter <= last:
        raise Refused("replayed", "%d" % (last + 1))
    return counter


def next_counter(state) -> int:
    """A number never used before; `state` keeps it before it is used, so that a power cut repeats none."""
    counter = state.get() + 1
    if counter > MAX_COUNTER:
        raise Refused("unsupported", "the counter is used up: change the key")
    state.put(counter)
    return counter
