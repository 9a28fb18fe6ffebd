"""The meter's side of GET, SET and ACTION in an open association, whole and in blocks."""

from protocols.lines.dlms import apdu, axdr
from protocols.lines.dlms.apdu import CODES, Blocks
from protocols.lines.refused import Refused

BLOCK_HEADER = 16  # of the longest block APDU before its bytes
NOT_ALLOWED, UNKNOWN = 1, 2  # states of an exception response
NOT_POSSIBLE, NOT_SUPPORTED = 1, 2  # its services


def refusal(state, service, counter=None) -> bytes:
    return apdu.encode("exception-response", {"state": state, "service": (service, counter)})


class Services:
    """`room`: bytes the client takes in one plain APDU; `may_change`: whether SET and ACTION are allowed."""

    def __init__(self, objects, room, may_change) -> None:
        self._objects = objects
        self._room = room
        self._may_change = may_change
        self._incoming = None  # (name of the service, descriptor, Blocks)
        self._outgoing = []
        self._sent = 0

    def serve(self, name, fields) -> bytes:
        """The response to a decoded request."""
        if name not in _SERVICES:
            return refusal(UNKNOWN, NOT_SUPPORTED)
        return _SERVICES[name](self, fields)

    # ---- GET

    def _get(self, fields) -> bytes:
        code, tree = self._objects.get(fields["descriptor"], fields["selection"])
        reply = apdu.encode("get-response-normal", {"invoke": fields["invoke"], "result": (code, tree)})
        return reply if len(reply) <= self._room else self._long(fields, axdr.encode(tree))

    def _get_list(self, fields) -> bytes:
        results = [self._objects.get(*row) for row in fields["descriptors"]]
        reply = apdu.encode("get-response-with-list", {"invoke": fields["invoke"], "results": results})
        return reply if len(reply) <= self._room else self._long(fields, apdu.results_bytes(results))

    def _long(self, fields, raw) -> bytes:
        size = self._room - BLOCK_HEADER
        self._outgoing = [raw[at : at + size] for at in range(0, len(raw), size)]
        self._sent = 0
        return self._block(fields)

    def _block(self, fields) -> bytes:
        raw = self._outgoing.pop(0)
        self._sent += 1
        fields.update({"last": not self._outgoing, "number": self._sent, "block": (0, raw)})
        return apdu.encode("get-response-block", fields)

    def _get_next(self, fields) -> bytes:
        if self._outgoing and fields["number"] == self._sent:
            return self._block(fields)
        code = CODES["data-block-number-invalid" if self._outgoing else "no-long-get-in-progress"]
        self._outgoing = []
        fields.update({"last": True, "block": (code, b"")})
        return apdu.encode("get-response-block", fields)

    # ---- SET and ACTION

    def _change(self, descriptor, tree) -> int:
        return self._objects.set(descriptor, tree) if self._may_change else CODES["read-write-denied"]

    def _set(self, fields) -> bytes:
        code = (
            CODES["type-unmatched"]
            if fields["selection"]
            else self._change(fields["descriptor"], fields["data"])
        )
        return apdu.encode("set-response-normal", {"invoke": fields["invoke"], "code": code})

    def _take(self, service, fields) -> int:
        """Keep a block of a long SET or ACTION; its code, 0 when it fits."""
        if "descriptor" in fields:
            self._incoming = service, fields["descriptor"], Blocks()
        if self._incoming is None or self._incoming[0] != service:
            return CODES["no-long-set-in-progress"]
        try:
            self._incoming[2].add(fields["number"], fields["raw"])
        except Refused:
            self._incoming = None
            return CODES["data-block-number-invalid"]
        return 0

    def _taken(self) -> tuple:
        """(descriptor, tree or None) of a complete long SET or ACTION."""
        _service, descriptor, blocks = self._incoming or ("", None, Blocks())
        self._incoming = None
        try:
            return descriptor, axdr.decode(blocks.join())
        except Refused:
            return descriptor, None

    def _set_block(self, fields) -> bytes:
        code = self._take("set", fields)
        if not code and not fields["last"]:
            return apdu.encode("set-response-block", fields)
        if not code:
            descriptor, tree = self._taken()
            code = CODES["type-unmatched"] if tree is None else self._change(descriptor, tree)
        fields["code"] = code
        return apdu.encode("set-response-last-block", fields)

    def _act(self, fields) -> bytes:
        code = CODES["read-write-denied"]
        if self._may_change:
            code = self._objects.act(fields["descriptor"], fields["parameter"])
        return _acted(fields, code)

    def _act_block(self, fields) -> bytes:
        code = self._take("action", fields)
        if code:
            return _acted(fields, code)
        if not fields["last"]:
            return apdu.encode("action-response-next", fields)
        fields["descriptor"], fields["parameter"] = self._taken()
        return self._act(fields)


def _acted(fields, code) -> bytes:
    return apdu.encode("action-response-normal", {"invoke": fields["invoke"], "code": code, "returned": None})


_SERVICES = {
    "get-request-normal": Services._get,
    "get-request-with-list": Services._get_list,
    "get-request-next": Services._get_next,
    "set-request-normal": Services._set,
    "set-request-first-block": Services._set_block,
    "set-request-block": Services._set_block,
    "action-request-normal": Services._act,
    "action-request-first-block": Services._act_block,
    "action-request-block": Services._act_block,
}
