"""DLMS/COSEM meters: requests, values, options.

Address: the physical (lower) HDLC address in digits, "" for none; the wrapper has none.
Request: "3:1-0:1.8.0*255:2" = class : logical name : attribute; several joined by "," are read as one list.
Behind a profile's buffer "@20261122..20261123" asks for rows from one local time to another (8 to 14 digits
YYYYMMDDhhmmss, both inclusive), "@1..10" for entries (1 the first, 0 as the end: to the last).
"push" waits for what the meter sends by itself: its values, and its date-time under "time" when it gives one.
Only `server` is heard, at the physical address when one is given; with keys, only what they open.
Answer: {key: value}; a key is the place in the request, then the places inside arrays and structures: "0",
"2/1", "0/3/1" = row 3, column 1 of the first. Values: int, text, bytes (also date-times), None when the meter
gives none or refuses one of a list. Registers (classes 3, 4, 5): (int, power of ten), their scaler read once
in a session; floats likewise; int where the meter has no scaler, as refused where its scaler is refused.
write(request, data): one attribute, data in A-XDR. control("disconnect" | "reconnect", {"name": logical name,
absent for 0-0:96.3.10*255}); ValueError for another. Reads are done anew in a new session when a meter keeps
silent in an old one; writes and controls are not.

Options: transport hdlc | wrapper; client 16; server 1 (upper HDLC address or wPort); address_size 0 =
shortest; frame 128 (bytes of information in an HDLC frame); max_pdu 1024; authentication none | lls | hls5;
password, text or bytes; and for ciphering encrypt_block (see gcm.py), encryption_key, authentication_key,
system_title, state, seen, meter_title, random(n) -> n bytes, general (general-glo instead of glo- APDUs),
dedicated (a key of its own for each association).
state keeps our last counter with get() and put(n). When it was lost the meter answers not_associated: set it
above any that was used, as the meter shows it in 1:0-0:43.1.x*255:2, which the public client 16 may read.
seen, a map {system title: last counter of that meter} of these keys, grows with each APDU that opens; {} by
default, which lives as long as the Reader: what was recorded before is then believed by the next one (not a
session with hls5). meter_title, 8 bytes: the system title that the meter must have.
"""

from protocols.lines.dlms import apdu, axdr, cosem, hdlc
from protocols.lines.refused import Refused
from protocols.meters.readers.dlms_attributes import Attributes
from protocols.meters.readers.dlms_link import HdlcLink, WrapperLink
from protocols.meters.readers.dlms_push import Pushed
from protocols.meters.readers.dlms_session import Session
from protocols.meters.readers.dlms_values import flat, parse, scaled, scaler

METHODS = {"disconnect": 1, "reconnect": 2}
OPTIONS = {
    "transport": ("hdlc", "wrapper"),
    "client": int,
    "server": int,
    "address_size": int,
    "frame": int,
    "max_pdu": int,
    "authentication": ("none", "lls", "hls5"),
    "password": str,
    "encryption_key": bytes,
    "authentication_key": bytes,
    "system_title": bytes,
    "meter_title": bytes,
    "general": bool,
    "dedicated": bool,
}
CONTROLS = {name: {"name": "0-0:96.3.10*255"} for name in METHODS}  # control -> {field: such a value}
NO_SCALER = (4, 9, 11)  # results that say that there is no such object, class or attribute
UNKNOWN = 250  # other-reason
LOST = ("not_associated",)  # the meter has dropped the session: nothing was done
SILENT = LOST + ("mute",)  # after a power cut some meters say nothing at all; for what may be done twice


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
        seen = options.get("seen", {})
        self._session = Session(link, options, seen)
        self._attributes = Attributes(self._session)
        self._scales = {}  # of this session: descriptor of a scaler -> power of ten, None when there is none
        self._pushed = Pushed(options, int(address) if address else None, seen)

    def read(self, request):
        """{key: value}; Refused mute, refused (detail: the result's name), not_associated, bad_mac ..."""
        if request == "push":
            return (yield from self._pushed.wait())
        items = [parse(text) for text in request.split(",")]
        results = yield from self._settled(SILENT, self._read, items)
        if len(items) == 1 and results[0][0]:
            raise Refused("refused", apdu.result_name(results[0][0]))
        out = {}
        for place, ((descriptor, _selection), (_code, tree)) in enumerate(zip(items, results)):
            value, scale = None if tree is None else axdr.plain(tree), self._scales.get(scaler(descriptor))
            flat(str(place), value if scale is None else scaled(value, scale), out)
        return out

    def write(self, request, data):
        """None; Refused as `read`. ValueError when `data` is no A-XDR."""
        (descriptor, selection), tree = parse(request), axdr.decode(data)
        code = yield from self._settled(LOST, self._attributes.set, descriptor, selection, tree)
        if code:
            raise Refused("refused", apdu.result_name(code))

    def control(self, name, fields):
        """None when the meter said success: read the state back. Refused as `read`."""
        if name not in METHODS:
            raise ValueError("no control: " + name)
        target = cosem.name_bytes(fields["name"]) if "name" in fields else cosem.DISCONNECT_NAME
        # This read shows whether the session still stands: the control itself is sent once.
        yield from self._settled(SILENT, self._attributes.get, [((cosem.DISCONNECT, target, 2), None)])
        asked = {"descriptor": (cosem.DISCONNECT, target, METHODS[name]), "parameter": (axdr.I8, 0)}
        answer = yield from self._session.call("action-request-normal", asked, again=False)
        if answer.name != "action-response-normal":
            raise Refused("wrong_sequence", answer.name)
        if answer.fields["code"]:
            raise Refused("refused", apdu.result_name(answer.fields["code"]))

    def close(self):
        yield from self._session.stop()

    # ---- inside a session

    def _start(self):
        self._scales = {}  # the meter may be another one
        yield from self._session.start()

    def _settled(self, again, do, *args):
        """`do` in an open session; an old one is opened anew, once, when it ends for a reason in `again`."""
        old = self._session.open
        if not old:
            yield from self._start()
        try:
            return (yield from do(*args))
        except Refused as refused:
            if not old or refused.reason not in again:
                raise
        yield from self._start()
        return (yield from do(*args))

    def _read(self, items):
        """Results of the items, with the scalers of registers fetched where they are not known yet."""
        wanted = []
        for descriptor, _selection in items:
            of = scaler(descriptor)
            if of and of not in self._scales and (of, None) not in wanted:
                wanted.append((of, None))
        results = yield from self._attributes.get(items + wanted)
        codes = {}  # of the scalers that are not known for now: without them a number is wrong by 10**n
        for (of, _none), (code, tree) in zip(wanted, results[len(items) :]):
            pair = cosem.scaler_unit(tree) if tree is not None else None
            if pair or code in NO_SCALER:
                self._scales[of] = pair[0] if pair else None
            else:
                codes[of] = code or UNKNOWN
        return [_known(result, codes.get(scaler(item[0]), 0)) for item, result in zip(items, results)]


def _known(result, code) -> tuple:
    """The result of an item whose scaler has this `code`: text and bytes need none."""
    if not code or result[1] is None or isinstance(axdr.plain(result[1]), (bytes, str)):
        return result
    return code, None
