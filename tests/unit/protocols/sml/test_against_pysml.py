"""The public pysml (package `sml`) reads the files that our meter pushes, and recorded files as we do.

Its quirks: values are floats after its own scaling; scaler is dropped; octets under 1-0:96.1.0 are a printed
server identification; a file that ends with 1B before the escape is not found, and an empty list raises.
"""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sml import SmlBase

from protocols.lines.sml import messages, transport
from protocols.lines.sml.meter import UNITS, Server

VECTORS = json.loads(Path("tests/vectors/lines/sml.json").read_text(encoding="utf-8"))
RECORDED = [case for case in VECTORS if case["do"] == "file" and "libsml-testing" in case["source"]]


def theirs(wire) -> list:
    """Their value lists, [{objName, unit, value}, ...] a file."""
    out = []
    while wire:
        end, frame = SmlBase.find_frame(wire)
        if frame is None:
            break
        out += [entry for message in frame for entry in message["messageBody"].get("valList", ())]
        wire = wire[end:]
    return out


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.tuples(*[st.integers(0, 255)] * 6).map(lambda n: messages.obis(bytes(n))),
        st.tuples(
            st.integers(-(1 << 63), (1 << 63) - 1),
            st.integers(-5, 5),
            st.sampled_from(["Wh", "W", "V", "Hz"]),
        )
        | st.binary(min_size=1, max_size=40),
        min_size=1,
        max_size=20,
    ).filter(lambda store: not {"1-0:0.0.9*255", "1-0:96.1.0*255", "129-129:199.130.3*255"} & set(store))
)
def test_it_reads_what_our_meter_pushes(store):
    found = theirs(Server(store=store).feed(b""))
    assert [entry["objName"] for entry in found] == list(store)
    for entry, value in zip(found, store.values(), strict=True):
        if isinstance(value, bytes):
            assert entry["value"] == value
            continue
        assert entry["value"] == pytest.approx(value[0] * 10.0 ** value[1])
        assert entry["unit"] == value[2]
        assert value[2] in UNITS


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: case["name"])
def test_both_read_recorded_files_alike(case):
    wire = bytes.fromhex(case["hex"])
    ours = {}
    for frame in transport.Framer().feed(wire):
        for message in messages.decode(frame.data):
            ours |= messages.values(message)
    found = theirs(wire)
    assert len(found) == len(ours)
    for entry in found:
        value = ours[entry["objName"]]
        if not isinstance(value, tuple):
            continue
        number = value[0] * 10.0 ** value[1]
        if entry["objName"] == "1-0:16.7.0*255" and number < 0:
            number += 65536 * 10.0 ** value[1]  # it knows the DZG, we are told by the option "unsigned"
        assert entry["value"] == pytest.approx(number)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([b"\x1b" * 4, b"\x1b", b"ab"]), max_size=6).map(b"".join))
def test_escapes_in_octets_reach_it_whole(octets):
    store = {"1-0:96.50.1*1": b"<" + octets + b">"}
    (entry,) = theirs(Server(store=store).feed(b""))
    assert entry["value"] == b"<" + octets + b">"
