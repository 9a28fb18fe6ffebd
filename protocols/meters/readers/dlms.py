"""DLMS/COSEM meters: requests, values, options.

Address: the physical (lower) HDLC address in digits, "" for none; the wrapper has none.
Request: "3:1-0:1.8.0*255:2" = class : logical name : attribute; several joined by "," are read as one list.
Behind a profile's buffer "@20261122..20261123" asks for rows from one local time to another (8 to 14 digits
YYYYMMDDhhmmss, both inclusive), "@1..10" for entries (1 the first, 0 as the end: to the last).
"push" waits for what the meter sends by itself: its values, and its date-time under "time" when it gives one.
Answer: {key: value}; a key is the place in the request, then the places inside arrays and structures: "0",
"2/1", "0/3/1" = row 3, column 1 of the first. Values: int, text, bytes (also date-times), None when the meter
gives none or refuses one of a list. Registers (classes 3, 4, 5): (int, power of ten), their scaler read once;
floats likewise.
write(request, data): one attribute, data in A-XDR. control("disconnect" | "reconnect", {"name": logical name,
absent for 0-0:96.3.10*255}).

Options: transport hdlc | wrapper; client 16; server 1 (upper HDLC address or wPort); address_size 0 =
shortest; frame 128 (bytes of information in an HDLC frame); max_pdu 1024; authentication none | lls | hls5;
password; and for ciphering encrypt_block (see gcm.py), encryption_key, authentication_key, system_title,
state, random(n) -> n bytes, general (general-glo instead of glo- APDUs), dedicated (a key of its own for each
association).
"""

from protocols.lines.dlms import acse, apdu, axdr, clock, cosem, hdlc
from protocols.lines.refused import Refused
from protocols.meters.readers.dlms_link import HdlcLink, WrapperLink
from protocols.meters.readers.dlms_push import Pushed, flat
from protocols.meters.readers.dlms_session import Session

LIST = 8  # attributes in one request: it must fit the smallest meters' PDU
BLOCK_HEADER = 48  # of the longest SET block APDU before its bytes, selection included
METHODS = {"disconnect": 1, "reconnect": 2}


class Reader:
    FRAMER = hdlc.Framer

    def __init__(self, address, options) -> None:
        client, server = options.get("client", 16), options.get("server", 1)
        transport = options.get("transport", "hdlc")
        if transport not in ("hdlc", "wrapper"):
            raise ValueError("transport is hdlc or wrapper")
        if transport == "wrapper":
            link = WrapperLink(client, server)
        else:
            to = hdlc.address(server, int(address) if address else None, options.get("address_size", 0))
            most = options.get("max_pdu", 1024) + len(hdlc.FROM_METER)
            link = HdlcLink(hdlc.address(client), to, options.get("frame", hdlc.DEFAULT_INFO), most)
        self.FRAMER = link.FRAMER
        self._session = Session(link, options)
        self._scales = {}  # (class, name, attribute of the scaler) -> power of ten
        self._pushed = Pushed(options)

    def read(self, request):
        """{key: value}; Refused mute, refused (detail: the result's name), not_associated, bad_mac ..."""
        if request == "push":
            return (yield from self._pushed.wait())
        items = [parse(text) for text in request.split(",")]
        results = yield from self._settled(self._read, items)
        if len(items) == 1 and results[0][0]:
            raise Refused("refused", apdu.result_name(results[0][0]))
        out = {}
        for place, ((descriptor, _selection), (_code, tree)) in enumerate(zip(items, results)):
            flat(str(place), None if tree is None else axdr.plain(tree), out)
            scale = self._scales.get(_scaler(descriptor))
            if scale is not None:
                out[str(place)] = scaled(out.get(str(place)), scale)
        return out

    def write(self, request, data):
        """None; Refused as `read`. ValueError when `data` is no A-XDR."""
        (descriptor, selection), tree = parse(request), axdr.decode(data)
        code = yield from self._settled(self._set, descriptor, selection, tree)
        if code:
            raise Refused("refused", apdu.result_name(code))

    def control(self, name, fields):
        """None when the meter said success: read the state back. Refused as `read`."""
        target = cosem.name_bytes(fields["name"]) if "name" in fields else cosem.DISCONNECT_NAME
        method = METHODS[name]
        # This read shows whether the session still stands: the control itself is sent once.
        yield from self._settled(self._get, [((cosem.DISCONNECT, target, 2), None)])
        asked = {"descriptor": (cosem.DISCONNECT, target, method), "parameter": (axdr.I8, 0)}
        answer = yield from self._session.call("action-request-normal", asked, again=False)
        if answer.name != "action-response-normal":
            raise Refused("wrong_sequence", answer.name)
        if answer.fields["code"]:
            raise Refused("refused", apdu.result_name(answer.fields["code"]))

    def close(self):
        yield from self._session.stop()

    # ---- inside a session

    def _settled(self, do, *args):
        """`do` in an open session; an old one that the meter has dropped meanwhile is opened again, once."""
        old = self._session.open
        if not old:
            yield from self._session.start()
        try:
            return (yield from do(*args))
        except Refused as refused:
            if not old or refused.reason != "not_associated":
                raise
        yield from self._session.start()
        return (yield from do(*args))

    def _read(self, items):
        """Results of the items, with the scalers of registers fetched where they are not known yet."""
        wanted = []
        for descriptor, _selection in items:
            scaler = _scaler(descriptor)
            if scaler and scaler not in self._scales and (scaler, None) not in wanted:
                wanted.append((scaler, None))
        results = yield from self._get(items + wanted)
        for (scaler, _none), (_code, tree) in zip(wanted, results[len(items) :]):
            pair = cosem.scaler_unit(tree) if tree is not None else None
            if pair is not None:
                self._scales[scaler] = pair[0]
        return results[: len(items)]

    def _get(self, items):
        results = []
        step = LIST if self._session.conformance & acse.MULTIPLE_REFERENCES else 1
        for at in range(0, len(items), step):
            part = items[at : at + step]
            if len(part) == 1:
                results.append((yield from self._get_one(part[0])))
            else:
                results += yield from self._get_list(part)
        return results

    def _get_one(self, item):
        asked = {"descriptor": item[0], "selection": item[1]}
        answer = yield from self._session.call("get-request-normal", asked)
        if answer.name == "get-response-normal":
            return answer.fields["result"]
        code, raw = yield from self._blocks(answer)
        return (code, None) if code else (0, axdr.decode(raw))

    def _get_list(self, items):
        answer = yield from self._session.call("get-request-with-list", {"descriptors": items})
        if answer.name == "get-response-with-list":
            results = answer.fields["results"]
        else:
            code, raw = yield from self._blocks(answer)
            results = [(code, None)] * len(items) if code else apdu.read_results(raw)
        if len(results) != len(items):
            raise Refused("bad_length", "%d results for %d attributes" % (len(results), len(items)))
        return results

    def _blocks(self, answer):
        """(code, bytes of all blocks) of a GET whose first block is `answer`."""
        blocks = apdu.Blocks()
        while answer.name == "get-response-block":
            code, raw = answer.fields["block"]
            if code:
                return code, b""
            blocks.add(answer.fields["number"], raw)
            if answer.fields["last"]:
                return 0, blocks.join()
            if not raw:
                raise Refused("bad_length", "empty block")
            answer = yield from self._session.call("get-request-next", {"number": blocks.number})
        raise Refused("wrong_sequence", answer.name)

    def _set(self, descriptor, selection, tree):
        """The code of the result; in blocks when it is longer than the meter takes."""
        asked = {"descriptor": descriptor, "selection": selection, "data": tree}
        raw = axdr.encode(tree)
        size = self._session.room - BLOCK_HEADER
        if len(raw) <= size:
            answer = yield from self._session.call("set-request-normal", asked)
            return _answered(answer, "set-response-normal")["code"]
        name = "set-request-first-block"
        parts = [raw[at : at + size] for at in range(0, len(raw), size)]
        for number, part in enumerate(parts, 1):
            asked.update({"last": number == len(parts), "number": number, "raw": part})
            answer = yield from self._session.call(name, asked)
            if answer.name == "set-response-last-block":
                break
            if _answered(answer, "set-response-block")["number"] != number:
                raise Refused("wrong_sequence", "block %d" % number)
            name = "set-request-block"
        return _answered(answer, "set-response-last-block")["code"]


def _answered(answer, name) -> dict:
    if answer.name != name:
        raise Refused("wrong_sequence", answer.name)
    return answer.fields


# ---- texts and values -------------------------------------------------------------------------


def parse(text) -> tuple:
    """One item of a request -> (descriptor, selection or None); ValueError."""
    what, _at, rows = text.partition("@")
    number, _colon, rest = what.partition(":")
    name, _colon, attribute = rest.rpartition(":")
    if not number.isdigit() or not attribute.isdigit():
        raise ValueError("no class:name:attribute: " + text)
    return (int(number), cosem.name_bytes(name), int(attribute)), _selection(rows) if rows else None


def _selection(rows) -> tuple:
    first, dots, last = rows.partition("..")
    if not dots or not first.isdigit() or not last.isdigit():
        raise ValueError("no from..to: " + rows)
    if len(first) < 8:
        return cosem.by_entry(int(first), int(last))
    return cosem.by_range(clock.parse(first), clock.parse(last))


def _scaler(descriptor):
    """The descriptor of the scaler of a register's value, or None."""
    number, name, attribute = descriptor
    at = cosem.SCALERS.get((number, attribute))
    return (number, name, at) if at else None


def scaled(value, scale) -> "tuple | bytes | str | None":
    """A register's value with its scaler; floats have one already."""
    if isinstance(value, tuple):
        return value[0], value[1] + scale
    return (value, scale) if isinstance(value, int) else value
