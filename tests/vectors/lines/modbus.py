"""What is done with the cases of modbus.json."""

from binascii import unhexlify

from protocols import crc
from protocols.lines import modbus, modbus_meter, modbus_plan
from protocols.meters import types
from protocols.meters.type_names import NAMES

STORE = {(1, 3): {0: 0x022B, 1: 0, 2: None}, (1, 1): {n: n % 3 & 1 for n in range(12)}}


def parse(case):
    framer = modbus.Framer()
    frames = framer.feed(unhexlify(case["hex"])) + framer.quiet()
    return [list(frame) for frame in frames], framer.bad, framer.skipped


def build(case):
    """Bytes among the arguments are text that begins with x:."""
    args = [unhexlify(a[2:]) if isinstance(a, str) else a for a in case["args"]]
    return getattr(modbus, case["builder"])(*args)


def framed(pdu, unit=17):
    """The frame of a PDU as the specification prints it."""
    pdu = unhexlify(pdu)
    return modbus.Frame(unit, pdu[0], pdu[1:])


def reply(case):
    asked, answered = framed(case["request"]), framed(case["answer"])
    why = modbus.match(asked, answered)
    return [why, b"" if why else modbus.reply_data(answered)]


def names(case):
    following, objects = modbus.identification(framed(case["hex"]).data)
    return [following, [[number, objects[number]] for number in sorted(objects)]]


def serve(case):
    server = modbus_meter.Server(STORE)
    request = unhexlify(case["hex"])
    return server.feed(modbus.encode(request[0], request[1], request[2:]))[:-2]


def number(case):
    return types.read(NAMES[case["type"]][0], unhexlify(case["hex"]), -case["scale"])


DO = {
    "crc": lambda case: crc.modbus(unhexlify(case["hex"])),
    "parse": parse,
    "build": build,
    "reply": reply,
    "names": names,
    "serve": serve,
    "number": number,
    "plan": lambda case: modbus_plan.plan(*case["args"]),
}
