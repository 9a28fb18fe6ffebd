"""Bench `codecs`: answers of each protocol read to values, ours beside each pure-Python peer in the same run.

The goal is twice each peer (design section 12); `ratio` is the smallest. Then the same on MicroPython: a chip
is some 40 times slower than this machine, and 2 ms a frame is the budget. The peer of DL/T 698.45 is C++.

Where bytes or objects are many the budget is out of reach of an interpreter. Of SML's 5 ms (256 bytes, 75
elements) the CRCs, through which each byte goes twice, take 0.9 at 45 ns a byte here, and each element 0.8 us
here; M-Bus has 23 records of 3 us here. A line of 9600 Bd needs 150 to 270 ms for such a frame.
"""

import json
import subprocess
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import dlt645 as _package  # noqa: F401 (makes its submodules importable in the right order)
import meterbus
import minimalmodbus
from dlms_cosem.hdlc.frames import InformationFrame
from dlms_cosem.protocol.xdlms import GetResponseFactory
from dlt645.protocol.protocol import DLT645Protocol
from iec62056_21.messages import ReadoutDataMessage
from pymodbus.framer import FramerRTU
from pymodbus.pdu import DecodePDU
from sml import SmlBase

from hil.adapters.process import ROOT
from hil.adapters.unix import micropython
from tests.bench.codec import ours

RATE_S, CALLS = 0.75, 10
CHIP, BUDGET_MS = 40, 2
DEVICE_ROUNDS = 100
PYMODBUS = FramerRTU(DecodePDU(False))


def _mbus(data: bytes) -> Any:
    return [(record.value, record.unit) for record in meterbus.load(data).records]


def _minimalmodbus(data: bytes) -> Any:
    return minimalmodbus._extract_payload(data, 1, minimalmodbus.MODE_RTU, 3)


def _dlms(data: bytes) -> Any:
    return GetResponseFactory.from_bytes(InformationFrame.from_bytes(data).payload[3:])


def _iec62056_21(data: bytes) -> Any:
    block = ReadoutDataMessage.from_representation(data.decode()).data_block
    sets = [each for line in block.data_lines for each in line.data_sets]
    return {each.address: Decimal(each.value) if each.unit else each.value for each in sets}


# Ours has a fresh framer look for each answer in a stream, where it would find it behind noise. Of the peers
# only dlt645, pymodbus and pysml look; the others take what they get for one frame. What else differs:
#   dlt645         less: any byte may be a digit of an address; address and identifier stay bytes
#   iec62056-21    the same: it leaves values text, so Decimal makes them numbers; 00-1F may stand in one
#   minimalmodbus  the same: told the unit and the function, gives bytes
#   pymodbus       more: registers become numbers
PEERS: dict[tuple[str, str], Callable[[bytes], Any]] = {
    ("dlms", "dlms-cosem"): _dlms,
    ("dlt645", "dlt645"): DLT645Protocol.deserialize,
    ("iec62056-21", "iec62056-21"): _iec62056_21,
    ("mbus", "pyMeterBus"): _mbus,
    ("modbus", "minimalmodbus"): _minimalmodbus,
    ("modbus", "pymodbus"): lambda data: PYMODBUS.handleFrame(data, 1, 0),
    ("sml", "pysml"): SmlBase.parse_frame,
}


def rate(call: Callable[[bytes], Any], data: bytes) -> float:
    """Calls a second: the best of many short slices, since the machine does other things too."""
    call(data)
    best = 0.0
    until = time.perf_counter() + RATE_S
    while (start := time.perf_counter()) < until:
        for _ in range(CALLS):
            call(data)
        best = max(best, CALLS / (time.perf_counter() - start))
    return best


def on_device() -> dict[str, float]:
    """Microseconds an answer on MicroPython here."""
    command = [micropython(), "-X", "heapsize=1M", "tests/bench/codec/ours.py", str(DEVICE_ROUNDS)]
    environment = {"MICROPYPATH": f"{ROOT}:.frozen"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return {name: float(us) for name, us in (line.split() for line in done.stdout.splitlines())}


def main() -> None:
    print(f"{'protocol':12} {'bytes':>5} {'ours/s':>9}  peer")
    ratios = {}
    for name, answer in ours.ANSWERS.items():
        data = ours.FRAMES[name]
        mine = rate(answer, data)
        told = []
        for (protocol, peer), call in PEERS.items():
            if protocol == name:
                theirs = rate(call, data)
                ratios[peer] = mine / theirs
                told.append(f"{peer} {theirs:.0f}/s, x{ratios[peer]:.2f}")
        print(f"{name:12} {len(data):5} {mine:9.0f}  {'; '.join(told) or 'none'}")
    chip_ms = {name: us * CHIP / 1000 for name, us in on_device().items()}
    print("ms a frame on a chip: " + ", ".join(f"{name} {ms:.1f}" for name, ms in chip_ms.items()))
    least = min(ratios, key=ratios.__getitem__)
    result = {
        "bench": "codecs",
        "value": round(ratios[least], 2),
        "unit": "x the peer",
        "peer": least,
        "ratio": round(ratios[least], 2),
        "over_budget": sorted(name for name, ms in chip_ms.items() if ms > BUDGET_MS),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
