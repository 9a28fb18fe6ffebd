"""Every item of the table, both ways; what does not fit is refused by name."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.lines.gdw3762 import frame, items
from protocols.lines.refused import REASONS, Refused

bounded = settings(max_examples=60, deadline=None)
LAYOUTS = [
    (name, up, row)
    for name, *rows in ((row[0], row[1], row[2]) for row in items.ITEMS.values())
    for up, row in enumerate(rows)
    if row is not None
]


def digits(count):
    return st.text("0123456789abcdef", min_size=count, max_size=count)


def kind(kind_, argument):
    """Values of one field; bits and each are made in `values`."""
    return {
        "u": lambda: st.integers(0, 256**argument - 1),
        "low": lambda: digits(2 * argument),
        "ascii": lambda: st.text(st.characters(max_codepoint=255), min_size=argument, max_size=argument),
        "bytes": lambda: st.binary(min_size=argument, max_size=argument),
        "address": lambda: st.text("0123456789", min_size=12, max_size=12),
        "blob": lambda: st.binary(max_size=200),
        "list": lambda: st.lists(values(argument[1]), max_size=4),
    }[kind_]()


@st.composite
def values(draw, layout):
    out = {}
    for name, kind_, argument in layout:
        if kind_ == "bits":
            out |= {n: draw(st.integers(0, 2**width - 1)) for n, width in argument[1] if n}
        elif kind_ == "each":
            out[name] = draw(st.lists(values(argument[1]), max_size=5))
            out[argument[0]] = len(out[name])
        else:
            out[name] = draw(kind(kind_, argument))
    return out


def said(name, up, data):
    afn, fn = items.BY_NAME[name]
    return items.decode(frame.Framer().feed((frame.answer if up else frame.request)(afn, fn, data, 1))[0])


@pytest.mark.parametrize(
    ("name", "up", "layout"), LAYOUTS, ids=[f"{n}-{'up' if u else 'down'}" for n, u, _ in LAYOUTS]
)
def test_every_item_goes_round_and_ends_where_it_ends(name, up, layout):
    @bounded
    @given(values(layout), st.data())
    def check(given_, data):
        wire = items.encode(name, up, given_)
        assert said(name, up, wire) == given_
        if name != "confirm":  # which is shorter in 2009
            cut = data.draw(st.integers(0, max(0, len(wire) - 1)))
            for wrong, reason in ((wire + b"\0", "trailing"), (wire[:cut], "truncated")):
                if wrong != wire:
                    with pytest.raises(Refused) as refused:
                        said(name, up, wrong)
                    assert refused.value.reason == reason

    check()


def test_names_are_unique_and_those_of_one_source_exist():
    assert len(items.BY_NAME) == len(items.ITEMS)
    assert set(items.ONE_SOURCE) <= set(items.BY_NAME)
    assert {code: name for name, code in items.CODES.items()} == items.ERRORS


def test_both_editions_of_a_confirmation_are_read():
    assert said("confirm", True, bytes.fromhex("ffff0500")) == {"state": 0xFFFF, "wait_s": 5}
    assert said("confirm", True, bytes.fromhex("ffffffff0500")) == {"state": items.DONE, "wait_s": 5}


@pytest.mark.parametrize(
    ("wire", "reason"),
    [
        (frame.request(0x10, 9, b"", 1), "unknown_item"),
        (frame.request(0x77, 1, b"", 1), "unknown_item"),
        (frame.request(6, 3, b"\1", 1), "unknown_item"),
        (frame.encode(0x43, bytes(6), (), 3, 0x0003), "unsupported"),
        (frame.encode(0x43, bytes(6), (), 3, 0x0000), "unsupported"),
    ],
)
def test_what_the_table_has_not_is_refused(wire, reason):
    with pytest.raises(Refused) as refused:
        items.decode(frame.Framer().feed(wire)[0])
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("name", "given_", "reason"),
    [
        ("set_own_address", {}, "missing: address"),
        ("set_own_address", {"address": "1", "more": 2}, "nobody knows more"),
        ("set_own_address", {"address": "1234567890123"}, "more than 12"),
        ("set_node_timeout", {"timeout_s": 256}, "does not fit"),
        ("set_node_timeout", {"timeout_s": -1}, "does not fit"),
        ("add_nodes", {"nodes": [{"address": "1", "protocol": 2}] * 256}, "256 does not fit"),
        ("start_registering", {"start": "26", "minutes": 1, "repeats": 1, "slices": 1}, "6 bytes, not 1"),
        (
            "forward",
            {"protocol": 2, "delay_related": 0, "attached": [], "data": bytes(256)},
            "256 does not fit",
        ),
        ("set_work", {"learning": 2, "registering": 0, "coding": 0, "rate": 0, "kilobit": 0}, "takes 1 bits"),
    ],
)
def test_our_own_mistakes_are_told(name, given_, reason):
    with pytest.raises(ValueError, match=reason):
        items.encode(name, False, given_)


def test_a_count_that_is_not_that_of_its_items_is_ours():
    state = {"rate_count": 2, "supply": 0, "reading": 0, "channels": 1, "rates": [{"rate": 0, "kilobit": 0}]}
    with pytest.raises(ValueError, match="rate_count is not the count of rates"):
        items.encode("state", True, state)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(sorted(items.ITEMS)), st.booleans(), st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(key, up, data):
    wire = (frame.answer if up else frame.request)(key[0], key[1], data, 1)
    try:
        items.decode(frame.Framer().feed(wire)[0])
    except Refused as refused:
        assert refused.reason in REASONS  # noqa: PT017
