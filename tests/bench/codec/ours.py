"""An answer of each protocol cut and read to its values, as a reader does it. On CPython and on MicroPython.

As a script it prints a line `protocol microseconds` for each.
"""

import json
import sys
import time
from binascii import unhexlify

from protocols.lines import cjt188, dlt645, dlt645_meter, iec62056_21, iec62056_21_data, modbus
from protocols.lines.dlms import apdu as dlms_apdu
from protocols.lines.dlms import hdlc
from protocols.lines.dlt698 import apdu as dlt698_apdu
from protocols.lines.dlt698 import link as dlt698_link
from protocols.lines.mbus import link as mbus_link
from protocols.lines.mbus import telegram
from protocols.lines.sml import messages, transport
from protocols.meters import cjt188_items

SLICES = 10

# Of a request, as the unit and the function that its peer is given
ASKED = modbus.answers(modbus.Framer(modbus.request_sizes).feed(modbus.read(1, 3, 0, 32))[0])
READOUT = (
    "1-0:0.9.1*255(145011)\r\n1-0:1.8.0*255(0012345.67*kWh)\r\n1-0:1.8.1*255(0002345.67*kWh)\r\n"
    "1-0:1.8.2*255(0010000.00*kWh)\r\n1-0:2.8.0*255(0000000.00*kWh)\r\n1-0:32.7.0*255(230.1*V)\r\n"
    "1-0:52.7.0*255(229.8*V)\r\n1-0:72.7.0*255(230.4*V)\r\n1-0:16.7.0*255(0.345*kW)\r\n"
)
GET_RESPONSE = unhexlify("e6e700c401c1000600001391")
NAMES = {  # real answers among the golden vectors
    "cjt188": "water, volume in litres",
    "dlt698": "secured record of energies (meter capture 2)",
    "mbus": "libmbus test-frames/eastron_sdm630.hex",
    "sml": "DZG DVS-7412.2",
}


def captured(protocol):
    with open(__file__.rpartition("/")[0] + "/../../vectors/lines/" + protocol + ".json") as file:
        (case,) = [case for case in json.load(file) if case["name"].startswith(NAMES[protocol])]
    return unhexlify(case["hex"])


FRAMES = {name: captured(name) for name in NAMES}
FRAMES["dlms"] = hdlc.encode(hdlc.address(16), hdlc.address(1, 17), 0x30, GET_RESPONSE)
FRAMES["dlt645"] = dlt645_meter.reply("123456789012", dlt645.READ, di=0x0001FF00, data=bytes(range(20)))
FRAMES["modbus"] = modbus.encode(1, 3, b"\x40" + bytes(range(64)))
FRAMES["iec62056-21"] = iec62056_21.encode("data", data=READOUT.encode() + b"!\r\n")


def cjt188_answer(data):
    frame = cjt188.Framer().feed(data)[0]
    return cjt188_items.decode(frame.kind, 0x901F, cjt188.reply_data(frame)[0])


def dlms_answer(data):
    return dlms_apdu.decode(hdlc.Framer().feed(data)[0].info[3:])


def dlt645_answer(data):
    return dlt645.reply_data(dlt645.Framer().feed(data)[0])


def dlt698_answer(data):
    return dlt698_apdu.decode(dlt698_link.Framer().feed(data)[0].data)


def iec62056_21_answer(data):
    return iec62056_21_data.values(iec62056_21.Framer().feed(data)[0].data)


def mbus_answer(data):
    return telegram.decode(mbus_link.Framer().feed(data)[0])


def modbus_answer(data):
    return modbus.reply_data(modbus.Framer(ASKED).feed(data)[0])


def sml_answer(data):
    return [messages.values(each) for each in messages.decode(transport.Framer().feed(data)[0].data)]


ANSWERS = {
    "cjt188": cjt188_answer,
    "dlms": dlms_answer,
    "dlt645": dlt645_answer,
    "dlt698": dlt698_answer,
    "iec62056-21": iec62056_21_answer,
    "mbus": mbus_answer,
    "modbus": modbus_answer,
    "sml": sml_answer,
}


def main(rounds):
    """The best of some slices of so many rounds, since the machine does other things too."""
    for name in sorted(ANSWERS):
        print(name, min([slice_us(ANSWERS[name], FRAMES[name], rounds) for _ in range(SLICES)]) / rounds)


def slice_us(answer, data, rounds):
    start = time.ticks_us()  # pyright: ignore[reportAttributeAccessIssue]
    for _ in range(rounds):
        answer(data)
    return time.ticks_diff(time.ticks_us(), start)  # pyright: ignore[reportAttributeAccessIssue]


if __name__ == "__main__":
    main(int(sys.argv[1]))
