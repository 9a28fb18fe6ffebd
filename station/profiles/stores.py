"""How the values of a simulated meter stand in the store of its protocol's Server: one function a link.

Where a reader gives answers by key, the profile does not say what the meter sends: a part's `wire` does, in
the words of the function below (docs/meter-profiles.md). Nothing but simulation looks at it.
"""

import importlib
from collections.abc import Callable
from typing import Any, Protocol

from protocols.lines.dlms import security
from protocols.lines.mbus import records, values
from protocols.meters import cjt188_items, interpret, types, types_write
from protocols.meters.cjt188_items import TOTALS
from protocols.meters.dlt645_types import BCD
from station.profiles.options import TEST_KEYS, encrypt_block, secrets


class Shown(Protocol):
    """What a simulated meter has to show."""

    profile: interpret.Profile
    address: str

    def answers(self) -> dict[str, Any]: ...
    def wires(self, request: str | None = None) -> dict[str, str]: ...


def _server(name: str) -> Any:
    return importlib.import_module(f"protocols.lines.{name}").Server


def _dlt645(meter: Shown) -> Any:
    return _server("dlt645_server")(meter.address, meter.answers())


def _dlt645_97(meter: Shown) -> Any:
    return _server("dlt645_97_meter")(meter.address, meter.answers())


def _modbus(meter: Shown) -> Any:
    unit = int(meter.address)
    store: dict[Any, dict[int, int]] = {}
    for request, data in meter.answers().items():
        function, first, count = (int(number, 0) for number in request.split(":"))
        table = store.setdefault((unit, function), {})
        data = data.ljust(2 * count, b"\0")
        if function < 3:
            table.update({first + n: data[n // 8] >> n % 8 & 1 for n in range(count)})
        else:
            table.update({first + n: int.from_bytes(data[2 * n : 2 * n + 2], "big") for n in range(count)})
    return _server("modbus_meter")(store)


def _cjt188(meter: Shown) -> Any:
    """`wire`: the unit code of a quantity, in hex."""
    options = meter.profile.options
    wires = meter.wires()
    kind = int(options.get("type", "10"), 16)
    store = {}
    for request, answer in meter.answers().items():
        di = int(request.partition(":")[0], 16)
        store[di] = _cjt188_rows(kind, di, answer, wires) if isinstance(answer, dict) else answer
    return _Valved(_server("cjt188_meter")(meter.address, store, kind, bool(options.get("di_high_first"))))


class _Valved:
    """Its totals end with the status word of the moment: the valve shows in them."""

    def __init__(self, server: Any) -> None:
        self.server = server
        server.status = server.store.get(TOTALS, bytes(2))[-2:]

    def feed(self, data: bytes) -> bytes:
        if TOTALS in self.server.store:
            self.server.store[TOTALS] = self.server.store[TOTALS][:-2] + self.server.status
        return self.server.feed(data)


def _cjt188_rows(kind: int, di: int, answer: dict[str, Any], wires: dict[str, str]) -> bytes:
    out = b""
    for name, field, size, power, _unit in cjt188_items.layout(kind, di):
        value = answer.get(name)
        number, scale = value if isinstance(value, tuple) else (value, 0)
        code = b""
        if field == cjt188_items.QUANTITY:
            code = bytes.fromhex(wires.get(name, "2C"))
            power += cjt188_items.UNITS[code[0]][1]
        if number is None:
            out += b"\xff" * (size - len(code)) + code
        elif field == cjt188_items.TIME:
            out += types_write.write(types.BCD_TIME, 7, number, 0, "snhDMY.")[:6] + b"\x20"
        elif field == cjt188_items.STATUS:
            out += number.to_bytes(2, "little")
        else:
            out += types_write.write(BCD, size - len(code), number, power - scale) + code
    return out


def _iec62056_21(meter: Shown) -> Any:
    options = meter.profile.options
    wires = meter.wires()
    store = {key: _group(value, wires.get(key, "")) for key, value in _keys(meter).items()}
    if options.get("telegram"):
        return _server("p1_meter")(store=store)
    return _server("iec62056_21_meter")(meter.address, store, password=options.get("password"))


def _keys(meter: Shown) -> dict[str, Any]:
    return {key: value for answer in meter.answers().values() for key, value in answer.items()}


def _group(value: Any, unit: str) -> str:
    """Text between the brackets: a number in the unit of `wire`, whose prefix counts (kWh of Wh)."""
    if not isinstance(value, tuple):
        return "" if value is None else str(value)
    number, power = value
    power -= {"k": 3, "M": 6, "m": -3}.get(unit[:1], 0) if len(unit) > 1 else 0
    return types_write._numeral(number * 10 ** max(power, 0), max(-power, 0)) + (f"*{unit}" if unit else "")


def _dlt698(meter: Shown) -> Any:
    """`wire`: "moment" of a time; other values go as integers, octets and visible text."""
    store: dict[int, Any] = {}
    tables: dict[int, Any] = {}
    for request, answer in meter.answers().items():
        wires = meter.wires(request)
        if request.startswith("record:"):
            _word, table, _rows, columns = request.split(":")
            row = [
                _tree(_below(answer, f"0/{oad}/"), _below(wires, f"0/{oad}/")) for oad in columns.split(",")
            ]
            tables[int(table, 16)] = [(0, int(oad, 16)) for oad in columns.split(",")], [row]
            continue
        for oad in request.split(","):
            head = "" if oad == request else f"{oad}/"
            tree = _tree(_below(answer, head), _below(wires, head))
            if int(oad, 16) not in store or not head:  # a read of one object shows more of it than a list
                store[int(oad, 16)] = tree
    server = _server("dlt698.meter")(meter.address, store, tables)
    server.password = secrets("dlt698", meter.profile.options).get("password", "")
    return server


def _whole(value: Any) -> Any:
    """A number that goes without a scale."""
    if not isinstance(value, tuple):
        return value
    return types_write._unshifted(value[0], -value[1])


_I32, _I64, _OCTETS, _VISIBLE = 0x05, 0x14, 0x09, 0x0A  # tags of DL/T 698.45


def _below(flat: dict[str, Any], head: str) -> dict[str, Any]:
    return {key[len(head) :]: value for key, value in flat.items() if key.startswith(head)}


def _tree(flat: dict[str, Any], wires: dict[str, str]) -> Any:
    """{"0": .., "2/1": ..} -> A-XDR tree of arrays; what no point shows is null."""
    from protocols.lines.dlt698 import axdr

    if list(flat) == ["0"]:
        return _leaf(flat["0"], wires.get("0", ""), axdr)
    items = []
    for n in range(max(int(key.split("/")[0]) for key in flat) + 1):
        inner = _below(flat, f"{n}/")
        if inner:
            nested = [_leaf(inner.get(str(m)), wires.get(f"{n}/{m}", ""), axdr) for m in range(len(inner))]
            items.append((axdr.STRUCTURE, nested))
        else:
            items.append(_leaf(flat.get(str(n)), wires.get(str(n), ""), axdr))
    return axdr.ARRAY, items


def _leaf(value: Any, wire: str, axdr: Any) -> Any:
    value = _whole(value)
    if value is None:
        return axdr.NULL, None
    if wire == "moment":
        return axdr.MOMENT, (int.from_bytes(value[:2], "big"), *value[2:])
    if isinstance(value, int):
        return (_I32 if -(1 << 31) <= value < 1 << 31 else _I64), value
    return (_OCTETS if isinstance(value, bytes) else _VISIBLE), value


def _mbus(meter: Shown) -> Any:
    """`wire`: DIF, DIFE, VIF, VIFE in hex."""
    wires = meter.wires()
    body = b""
    for key, value in _keys(meter).items():
        if key.startswith("header/"):
            continue
        head = bytes.fromhex(wires[key])
        field = head[0] & 15
        if head[-1] == 0x6D:
            value = _type_f(value)
        elif isinstance(value, tuple):
            scale = records.decode(head + values.encode(field, 0))[0][0].scale
            value = types_write._unshifted(value[0], scale - value[1])
        body += head + values.encode(field, value)
    primary = int(meter.address) if len(meter.address) <= 3 else 1
    secondary = meter.address if len(meter.address) > 3 else "12345678.QDS.04.07"
    store = {"secondary": secondary, "status": 0, "telegrams": [body]}
    return _server("mbus.meter")(primary, store)


def _type_f(text: str) -> bytes:
    """The bytes of a time that stands at 2026.11.22.10.30, whatever parts the digits."""
    year, month, day, hour, minute = (int(text[first:last]) for first, last in _TIME_PARTS)
    return values.encode_date(year, month, day, hour, minute)


_TIME_PARTS = (0, 4), (5, 7), (8, 10), (11, 13), (14, 16)


def _dlms(meter: Shown) -> Any:
    """`wire`: type in A-XDR, for a register also the unit's number; the scaler is the point's own scale."""
    from protocols.lines.dlms import axdr, cosem

    options = meter.profile.options
    server = importlib.import_module("protocols.lines.dlms.meter")
    store: dict[Any, Any] = {}
    pushed: list[Any] = []
    for request, answer in meter.answers().items():
        wires = meter.wires(request)
        if request == "push":
            pushed.append(_cosem_tree("0", answer, wires, axdr))
            continue
        for place, item in enumerate(request.split(",")):
            number, name, attribute = (
                item.split("@")[0].split(":", 1)[0],
                *item.split(":", 1)[1].rsplit(":", 1),
            )
            key = int(number), cosem.name_bytes(name), int(attribute.split("@")[0])
            value = answer[str(place)]
            store[key] = _cosem(value, wires.get(str(place), ""), axdr)
            if key[0] in (cosem.REGISTER, cosem.EXTENDED) and key[2] == 2:
                scaler = value[1] if isinstance(value, tuple) else 0
                store[*key[:2], 3] = (axdr.STRUCTURE, [(axdr.I8, scaler), (axdr.ENUM, 255)])
            if key[0] == cosem.DISCONNECT:
                store[*key[:2], 2] = (axdr.BOOL, value == (1, 0) or value == 1)
                store[*key[:2], 3] = (axdr.ENUM, 1)
                store[*key[:2], 4] = (axdr.ENUM, 4)
    lower = int(meter.address) if meter.address.isdigit() and options.get("transport") != "wrapper" else None
    mechanism = {"none": 0, "lls": 1, "hls5": 5}[options.get("authentication", "none")]
    made = server.Server(
        store,
        transport=options.get("transport", "hdlc"),
        address=(options.get("server", 1), lower),
        clients={options.get("client", 16): mechanism},
        password=options.get("password", "").encode() if isinstance(options.get("password"), str) else b"",
        **(_TEST_METER if secrets("dlms", options) else {}),
    )
    return _Pushing(made, pushed[0]) if pushed else made


_TEST_METER = {
    "title": b"LKTESTMR",
    "keys": security.Keys(encrypt_block, TEST_KEYS["encryption_key"], TEST_KEYS["authentication_key"]),
    "random": lambda size: bytes(range(128, 128 + size)),
}


class _Pushing:
    """Sends its list whatever it hears."""

    def __init__(self, server: Any, tree: Any) -> None:
        self._server, self._tree = server, tree

    def feed(self, _data: bytes) -> bytes:
        return self._server.push(self._tree, protect=self._server.keys is not None)


def _cosem(value: Any, wire: str, axdr: Any) -> Any:
    if isinstance(value, tuple):
        value = value[0]
    if wire == "octets" and isinstance(value, str):
        value = value.encode()
    if wire:
        return next(tag for tag, row in axdr.TYPES.items() if row[0] == wire), value
    if isinstance(value, int):
        return (axdr.U32 if 0 <= value < 1 << 32 else axdr.I64), value
    return (axdr.OCTETS, value) if isinstance(value, bytes) else (axdr.TEXT, value)


def _cosem_tree(path: str, flat: dict[str, Any], wires: dict[str, str], axdr: Any) -> Any:
    """Structures of {"0/0": .., "0/1/2": ..}; what no point shows is null."""
    if path in flat:
        return _cosem(_whole(flat[path]), wires.get(path, ""), axdr)
    below = [int(key[len(path) + 1 :].split("/")[0]) for key in flat if key.startswith(path + "/")]
    if not below:
        return axdr.NULL, None
    return axdr.STRUCTURE, [_cosem_tree(f"{path}/{n}", flat, wires, axdr) for n in range(max(below) + 1)]


def _sml(meter: Shown) -> Any:
    """`wire`: the unit."""
    wires = meter.wires()
    store = {}
    for key, value in _keys(meter).items():
        store[key] = (*value, wires.get(key, "")) if isinstance(value, tuple) else value
    return importlib.import_module("protocols.lines.sml.meter").Server(meter.address, store)


SERVERS: dict[str, Callable[[Shown], Any]] = {
    "dlt645-2007": _dlt645,
    "dlt645-1997": _dlt645_97,
    "modbus": _modbus,
    "cjt188": _cjt188,
    "iec62056-21": _iec62056_21,
    "dlt698": _dlt698,
    "mbus": _mbus,
    "dlms": _dlms,
    "sml": _sml,
}

# Links whose meters send by themselves, and how often
PUSHED_S = 2.0


def pushes(profile: interpret.Profile) -> bool:
    return profile.link == "sml" or bool(profile.options.get("telegram")) or profile.index("push") >= 0
