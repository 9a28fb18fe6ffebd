"""The client's association with a DLMS meter: protection, one APDU at a time. Generators as in README.md.

After a time-out the session counts as lost. Options as in dlms.py.
"""

from protocols.lines.dlms import acse, apdu, axdr, cosem, security, wrapper
from protocols.lines.refused import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CHALLENGE = 16
MECHANISMS = {"none": acse.NONE, "lls": acse.LLS, "hls5": acse.GMAC}
UNPROTECTED = (0xD8, 0x0E)  # refusals that a meter may send in clear


def keys(options) -> security.Keys:
    return security.Keys(
        options["encrypt_block"], options["encryption_key"], options.get("authentication_key", b"")
    )


def taken(seen, title, counter) -> None:
    """Keep a counter of the meter that was proved good; Refused replayed."""
    last = seen.get(title, 0)
    if counter <= last:
        raise Refused("replayed", "the meter's counter %d, it was at %d" % (counter, last))
    seen[title] = counter


class Session:
    """`seen`: {system title: last counter of that meter under its global key}."""

    def __init__(self, link, options, seen) -> None:
        self.link = link
        self.open = False
        self.conformance = 0
        self.room = 0  # bytes of a plain APDU that the meter takes
        self._mechanism = MECHANISMS[options.get("authentication", "none")]
        password = options.get("password", b"")
        self._password = password.encode() if isinstance(password, str) else password
        self._max_pdu = options.get("max_pdu", 1024)
        self._expected = options.get("meter_title", b"")
        if len(self._expected) not in (0, security.TITLE):
            raise ValueError("meter_title has 8 bytes")
        if not 64 <= self._max_pdu <= wrapper.MAX_APDU:
            raise ValueError("max_pdu is 64 to %d" % wrapper.MAX_APDU)
        self._general = options.get("general", False)
        self._title = options.get("system_title", b"")
        self._state = options.get("state")
        self._random = options.get("random")
        self._keys: "Any" = None
        self._dedicated: "Any" = None
        self._seen = [seen, {}]  # the second of the dedicated key
        self._meter_title = b""
        self._invoke = self._number = 0  # of the request waited for; of its block
        self._dedicate = options.get("dedicated", False)
        if "encryption_key" in options:
            self._keys = keys(options)
            if len(self._title) != security.TITLE or self._state is None:
                raise ValueError("ciphering needs system_title, 8 bytes, and state")
        if (self._mechanism == acse.GMAC or self._dedicate) and (self._keys is None or self._random is None):
            raise ValueError("hls5 and dedicated need the meter's keys, which no profile carries")

    # ---- protection

    def _protect(self, plain, counter=None) -> bytes:
        if self._keys is None:
            return plain
        used = self._dedicated or self._keys
        counter = security.next_counter(self._state) if counter is None else counter
        body = used.seal(self._title, counter, plain)
        return security.wrap(plain[0], self._title, body, self._general, self._dedicated is not None)

    def _unprotect(self, data) -> bytes:
        if self._keys is None or data[:1] in [bytes([tag]) for tag in UNPROTECTED]:
            return data
        if not security.is_protected(data):
            raise Refused("bad_mac", "a reply in clear")
        title, body, _general, dedicated = security.unwrap(data)
        if title and title != self._meter_title:
            raise Refused("foreign", "another system title")
        used = self._dedicated if dedicated else self._keys
        if used is None:
            raise Refused("bad_mac", "no dedicated key")
        control, counter, plain = used.open(self._meter_title, body)
        if control & security.BOTH != security.BOTH:
            raise Refused("bad_mac", "security control %02X" % control)
        taken(self._seen[dedicated], self._meter_title, counter)
        return plain

    def _late(self, data) -> str:
        """Whether a reply over the wrapper, which has no sequence numbers, can be the one waited for."""
        if data[0] in UNPROTECTED:
            return ""
        if not self.open or data[0] in (acse.AARE, acse.RLRE):
            return "" if not self.open and data[0] in (acse.AARE, acse.RLRE) else "late"
        if security.is_protected(data):
            return self._replayed(data)
        at, ahead = _NUMBER_AT.get(data[:2], (0, 0))
        if at and int.from_bytes(data[at : at + 4], "big") != self._number + ahead:
            return "late"
        return "" if data[2:3] == bytes([apdu.INVOKE | self._invoke]) else "late"

    def _replayed(self, data) -> str:
        try:
            _title, body, _general, dedicated = security.unwrap(data)
            return "" if security.split(body)[1] > self._seen[dedicated].get(self._meter_title, 0) else "late"
        except Refused:
            return ""  # told when it is opened

    # ---- association

    def start(self):
        """Connect, associate, and prove with mechanism 5; Refused not_associated, bad_mac ..."""
        self.open, self._dedicated = False, None
        yield from self.link.connect()
        fields, dedicated = self._request()
        data = yield from self.link.exchange(acse.encode(acse.AARQ, fields), self._late)
        if data[:1] == b"\xd8":
            raise _refusal(apdu.decode(data))
        tag, granted = acse.decode(data)
        if tag != acse.AARE or granted.get("result") != acse.ACCEPTED:
            why = acse.DIAGNOSTICS.get(granted.get("diagnostic"), "no association response")
            why += ", option state is at %d" % self._state.get() if self._keys else ""
            raise Refused("not_associated", why)
        self._granted(granted)
        if dedicated:
            self._dedicated, self._seen[1] = self._keys.dedicated(dedicated), {}
        self.open = True
        if self._mechanism == acse.GMAC:
            yield from self._prove(fields["value"], granted)

    def _request(self) -> tuple:
        """(fields of the AARQ, dedicated key)"""
        dedicated = self._random(16) if self._dedicate else b""
        asked = acse.LOGICAL_NAMES | (acse.GENERAL_PROTECTION if self._general else 0)
        info = acse.initiate_request(asked, self._max_pdu, dedicated)
        fields = {"context": "plain", "info": info}
        if self._keys:
            body = self._keys.seal(self._title, security.next_counter(self._state), info)
            fields = {"context": "ciphered", "title": self._title, "info": security.wrap(0x01, b"", body)}
        if self._mechanism:
            value = self._random(CHALLENGE) if self._mechanism == acse.GMAC else self._password
            fields.update({"authenticated": True, "mechanism": self._mechanism, "value": value})
        return fields, dedicated

    def _granted(self, granted) -> None:
        self._meter_title = granted.get("title", b"")
        if self._expected not in (b"", self._meter_title):
            raise Refused("foreign", "another system title")
        info = acse.initiate(self._unprotect(granted.get("info", b"")))
        self.conformance = info["conformance"]
        overhead = 32 if self._keys else 0  # general form, title, lengths, SC, IC, tag
        self.room = max(info["max_pdu"] or self._max_pdu, 64) - overhead

    def _prove(self, challenge, granted):
        theirs = granted.get("value", b"")
        fresh = 8 <= len(theirs) <= 64 and theirs != challenge and self._meter_title != self._title
        if granted.get("mechanism") != acse.GMAC or not fresh:
            self.open = False
            raise Refused("not_associated", "no challenge of its own")
        outer = security.next_counter(self._state)  # a meter may want what it opens first to be lower
        proof = self._keys.answer(self._title, security.next_counter(self._state), theirs)
        descriptor = (cosem.ASSOCIATION, cosem.THIS_ASSOCIATION, 1)
        fields = {"descriptor": descriptor, "parameter": (axdr.OCTETS, proof)}
        try:
            answer = yield from self.call("action-request-normal", fields, True, outer)
            code, (_result, tree) = answer.fields["code"], answer.fields["returned"] or (0, None)
            if code or tree is None or tree[0] != axdr.OCTETS:
                raise Refused("not_associated", "the proof was not taken")
            self._keys.check(self._meter_title, challenge, tree[1])
        except Refused:
            self.open = False
            raise

    def call(self, name, fields, again=True, counter=None):
        """The Apdu that answers; Refused mute, late, refused, not_associated, replayed, bad_mac ..."""
        if name not in _CONTINUED:
            self._invoke = (self._invoke + 1) & 15
        fields["invoke"], self._number = apdu.INVOKE | self._invoke, fields.get("number", 0)
        data = self._protect(apdu.encode(name, fields), counter)
        try:
            reply = yield from self.link.exchange(data, self._late, again)
        except Refused:
            self.open = False
            raise
        answer = apdu.decode(self._unprotect(reply))
        if "invoke" not in answer.fields:
            raise _refusal(answer)
        if answer.fields["invoke"] & 15 != self._invoke:
            raise Refused("late", "invoke-id")
        return answer

    def stop(self):
        """Best effort: whether the meter heard it or not, the session is over."""
        was_open, self.open = self.open, False
        if not was_open:
            return
        try:
            if self.link.FRAMER is wrapper.Framer:
                yield from self.link.exchange(acse.encode(acse.RLRQ, {"reason": 0}), self._late)
            yield from self.link.disconnect()
        except Refused:
            return


# a response with a block number -> where it stands, how far it is ahead of that of the request
_NUMBER_AT = {b"\xc4\x02": (4, 1), b"\xc5\x02": (3, 0), b"\xc5\x03": (4, 0)}
_CONTINUED = ("get-request-next", "set-request-block", "action-request-block", "action-request-next")


def _refusal(answer) -> Refused:
    fields = answer.fields
    if answer.name == "exception-response":
        service, counter = fields["service"]
        if counter is not None:
            return Refused("replayed", "the meter wants a counter from %d" % counter)
        state = apdu.STATES.get(fields["state"], "state-%d" % fields["state"])
        text = "%s %s" % (state, apdu.SERVICES.get(service, "service-%d" % service))
        return Refused("not_associated" if fields["state"] == 1 else "refused", text)
    if answer.name == "confirmed-service-error":
        _service, group, code = fields["error"]
        return Refused("refused", "%s error %d" % (apdu.SERVICE_ERRORS.get(group, "group-%d" % group), code))
    return Refused("wrong_sequence", answer.name)
