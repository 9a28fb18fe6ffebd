"""The meter's side of one association: APDU in, APDU out. See meter.py for who may do what."""

from protocols.lines.dlms import acse, apdu, axdr, cosem, security
from protocols.lines.dlms.apdu import CODES
from protocols.lines.dlms.services import NOT_ALLOWED, NOT_POSSIBLE, NOT_SUPPORTED, UNKNOWN, Services, refusal
from protocols.lines.refused import Refused
from protocols.mac import same

CONFORMANCE = acse.LOGICAL_NAMES | acse.GENERAL_PROTECTION
CIPHERING = 32  # what protection adds: general form, title, lengths, SC, IC, tag
LEAST_PDU = 64
DECIPHERING, COUNTER = 5, 6  # services of an exception response
CHALLENGE = 16

PROOF = (cosem.ASSOCIATION, cosem.THIS_ASSOCIATION, 1)  # reply_to_hls


class Association:
    """`meter`: the Server, `client`: number of the client application process."""

    def __init__(self, meter, client) -> None:
        self._meter = meter
        self._client = client
        self._close()

    def _close(self) -> None:
        self.open = False  # may read
        self._proving = None  # (challenge of the client, ours) between passes 2 and 4
        self._ciphered = False
        self._general = False
        self._dedicated = None  # the keys of this association, when the client gave one
        self._title = b""
        self._services = Services(self._meter.objects, 0, False)

    def answer(self, data) -> bytes:
        if data[:1] in (b"\x60", b"\x62"):
            return self._acse(data)
        try:
            plain = self._opened(data)
        except Refused as refused:
            if refused.reason == "replayed":
                return refusal(NOT_ALLOWED, COUNTER, int(refused.detail))
            return refusal(NOT_ALLOWED, DECIPHERING)
        if not self.open and self._proving is None:
            return refusal(NOT_ALLOWED, NOT_POSSIBLE)
        reply = self._served(plain)
        return self._closed(reply) if self._ciphered else reply

    # ---- protection

    def _opened(self, data) -> bytes:
        if not security.is_protected(data):
            if self._ciphered:
                raise Refused("bad_mac", "plain")
            return data
        title, body, self._general, dedicated = security.unwrap(data)
        keys = self._dedicated if dedicated else self._meter.keys
        if keys is None or (title and title != self._title):
            raise Refused("bad_mac", "no key")
        control, counter, plain = keys.open(self._title, body)
        if control & security.BOTH != security.BOTH:
            raise Refused("bad_mac", "not encrypted and authenticated")
        seen, who = self._meter.seen, (self._client, dedicated)
        seen[who] = security.increased(counter, seen.get(who, 0))
        return plain

    def _closed(self, reply) -> bytes:
        if reply[0] == 0xD8:
            return reply
        meter = self._meter
        keys = self._dedicated or meter.keys
        body = keys.seal(meter.title, security.next_counter(meter.state), reply)
        return security.wrap(reply[0], meter.title, body, self._general, self._dedicated is not None)

    # ---- association

    def _acse(self, data) -> bytes:
        try:
            tag, fields = acse.decode(data)
            if tag == acse.RLRQ:
                return self._released()
            self._close()
            return self._associated(fields)
        except Refused as refused:
            self._close()
            return self._rejected({}, 2 if refused.reason == "unsupported" else 1)

    def _released(self) -> bytes:
        was_open = self.open
        self._close()
        if not was_open:
            return refusal(NOT_ALLOWED, NOT_POSSIBLE)
        return acse.encode(acse.RLRE, {"reason": 0})

    def _rejected(self, fields, diagnostic) -> bytes:
        out = {"context": fields.get("context", "plain"), "result": acse.REJECTED, "diagnostic": diagnostic}
        return acse.encode(acse.AARE, out)

    def _associated(self, fields) -> bytes:
        mechanism = fields.get("mechanism", acse.NONE)
        diagnostic = self._denied(fields, mechanism)
        if diagnostic:
            return self._rejected(fields, diagnostic)
        self._title = fields.get("title", b"")
        self._ciphered = fields.get("context") == "ciphered"
        try:
            asked = acse.initiate(self._opened(fields.get("info", b"")))
        except Refused:
            self._close()
            return self._rejected(fields, acse.AUTHENTICATION_FAILED)
        return self._accepted(fields, mechanism, asked)

    def _denied(self, fields, mechanism) -> int:
        """The diagnostic, 0 when nothing speaks against it."""
        meter, wanted = self._meter, self._meter.clients.get(self._client)
        if mechanism != wanted:
            return 12 if mechanism == acse.NONE and wanted else 11
        if mechanism == acse.LLS and not same(fields.get("value", b""), meter.password):
            return acse.AUTHENTICATION_FAILED
        ciphered = fields.get("context") == "ciphered"
        title = fields.get("title", b"")  # our own would make our answers proofs for whoever asks for them
        if (ciphered or mechanism == acse.GMAC) and (
            meter.keys is None or len(title) != security.TITLE or title == meter.title
        ):
            return 3
        if mechanism == acse.GMAC and not 8 <= len(fields.get("value", b"")) <= 64:
            return acse.AUTHENTICATION_FAILED
        return 0 if "context" in fields else 2

    def _accepted(self, fields, mechanism, asked) -> bytes:
        meter = self._meter
        room = min(max(asked["max_pdu"], LEAST_PDU), meter.max_pdu) - (CIPHERING if self._ciphered else 0)
        self._services = Services(meter.objects, room, mechanism != acse.NONE)
        info = acse.initiate_response(asked["conformance"] & CONFORMANCE, meter.max_pdu)
        out = {"context": fields["context"], "result": acse.ACCEPTED, "diagnostic": 0}
        if self._title:
            out["title"] = meter.title
        if mechanism == acse.GMAC:
            challenge = meter.random(CHALLENGE)
            self._proving = fields["value"], challenge
            out.update({"diagnostic": 14, "authenticated": True, "mechanism": mechanism, "value": challenge})
        else:
            self.open = True
        self._general = False  # the initiate APDU goes service-specific
        out["info"] = self._closed(info) if self._ciphered else info
        if self._ciphered and len(asked["dedicated"]) == 16:
            self._dedicated = meter.keys.dedicated(asked["dedicated"])
            meter.seen[self._client, True] = 0
        return acse.encode(acse.AARE, out)

    def _prove(self, parameter) -> tuple:
        """Passes 3 and 4 of mechanism 5: (code, result)."""
        theirs, ours = self._proving or (b"", b"")
        meter, self._proving = self._meter, None
        try:
            if not ours or parameter is None or parameter[0] != axdr.OCTETS:
                raise Refused("bad_mac")
            # Its counter may be any: the fresh challenge is the guard against replay.
            meter.keys.check(self._title, ours, parameter[1])
        except Refused:
            return CODES["other-reason"], None
        self.open = True
        answer = meter.keys.answer(meter.title, security.next_counter(meter.state), theirs)
        return 0, (0, (axdr.OCTETS, answer))

    # ---- services

    def _served(self, plain) -> bytes:
        try:
            name, fields = apdu.decode(plain)
        except Refused:
            return refusal(UNKNOWN, NOT_SUPPORTED)
        if name == "action-request-normal" and fields["descriptor"] == PROOF:
            code, returned = self._prove(fields["parameter"])
            out = {"invoke": fields["invoke"], "code": code, "returned": returned}
            return apdu.encode("action-response-normal", out)
        if not self.open:
            return refusal(NOT_ALLOWED, NOT_POSSIBLE)
        return self._services.serve(name, fields)
