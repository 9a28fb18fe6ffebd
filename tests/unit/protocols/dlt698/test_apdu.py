"""Every service goes round; what is cut, lengthened or made up is refused by name; late answers are known."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.lines.dlt698 import apdu, axdr
from protocols.lines.dlt698.apdu import Apdu
from protocols.lines.refused import REASONS, Refused
from tests.unit.protocols.dlt698 import strategies

bounded = settings(max_examples=80, deadline=None)


@pytest.mark.parametrize("service", sorted(apdu.SERVICES), ids=lambda code: f"{code:02X}")
def test_each_service_goes_round_and_none_of_it_may_be_missing(service):
    @settings(max_examples=8, deadline=None)
    @given(strategies.apdus((service,)))
    def check(one):
        wire = apdu.encode(one)
        assert apdu.decode(wire) == one
        for size in {0, 1, 2, len(wire) // 2, len(wire) - 1}:
            with pytest.raises(Refused):
                apdu.decode(wire[:size])
        with pytest.raises(Refused, match="trailing"):
            apdu.decode(wire + b"\x00")

    check()


@bounded
@given(st.binary(max_size=60), st.sampled_from(sorted(apdu.SERVICES)), st.integers(0, 8))
def test_any_bytes_end_in_an_apdu_or_a_named_refusal(data, service, kind):
    for wire in (data, bytes([service]) + data, bytes([service, kind]) + data):
        assert strategies.reason(lambda wire=wire: apdu.decode(wire)) in (None, *REASONS)


@bounded
@given(strategies.apdus((5, 6, 7, 8, 9)), strategies.apdus((0x85, 0x86, 0x87, 0x89, 0xEE)))
def test_judging_any_pair_never_raises(request, answer):
    assert apdu.match(request, answer) in ("", "late", "wrong_function")


VOLTS, AMPS, CLOCK = 0x20000200, 0x20010200, 0x40000200
OK = (1, (0, None))


def ask(kind, body, service=apdu.GET) -> Apdu:
    return apdu.request(service, kind, 0x83, body)


def say(kind, body, service=apdu.GET | 0x80, piid=0x43) -> Apdu:
    return Apdu(service, kind, piid, body, None, None)


@pytest.mark.parametrize(
    ("request_", "answer", "verdict"),
    [
        (ask(1, VOLTS), say(1, (VOLTS, OK)), ""),
        (ask(1, VOLTS), say(1, (AMPS, OK)), "late"),
        (ask(1, VOLTS), say(1, (VOLTS, OK), piid=4), "late"),
        (ask(1, VOLTS), say(2, [(VOLTS, OK)]), "late"),
        (ask(1, VOLTS), say(1, (VOLTS, 0), apdu.SET | 0x80), "wrong_function"),
        (ask(1, VOLTS), say(None, 2, apdu.ERROR), ""),
        (ask(1, VOLTS), say(None, 2, apdu.ERROR, 4), "late"),
        (ask(2, [VOLTS, AMPS]), say(2, [(AMPS, OK), (VOLTS, OK)]), ""),
        (ask(2, [VOLTS, AMPS]), say(2, [(AMPS, OK)]), ""),
        (ask(2, [VOLTS, AMPS]), say(2, [(VOLTS, OK), (CLOCK, OK)]), "late"),
        (ask(2, [VOLTS, AMPS]), say(5, (False, 0, (1, [(VOLTS, OK)]))), ""),
        (ask(2, [VOLTS, AMPS]), say(5, (False, 0, (1, [(CLOCK, OK)]))), "late"),
        (ask(5, 0), say(5, (True, 1, (1, [(CLOCK, OK)]))), ""),
        (ask(5, 0), say(5, (True, 2, (1, [(CLOCK, OK)]))), "late"),
        (ask(5, 0), say(5, (True, 0, (0, 11))), ""),
        (ask(3, (VOLTS, (0, None), [])), say(3, (VOLTS, [], (0, 4))), ""),
        (ask(3, (VOLTS, (0, None), [])), say(3, (AMPS, [], (0, 4))), "late"),
        (ask(1, (CLOCK, (0, None)), 7), say(1, (CLOCK, 0, None), 0x87), ""),
        (ask(1, (CLOCK, (0, None)), 7), say(1, (VOLTS, 0, None), 0x87), "late"),
    ],
)
def test_an_answer_is_known_by_number_kind_and_the_objects_it_names(request_, answer, verdict):
    assert apdu.match(request_, answer) == verdict


@pytest.mark.parametrize(
    "wrong",
    [
        apdu.request(4, 1, 0, VOLTS),
        apdu.request(apdu.GET, 9, 0, VOLTS),
        apdu.request(apdu.GET, 1, 256, VOLTS),
        apdu.request(apdu.GET, 1, 0, "volts"),
        apdu.request(apdu.GET, 2, 0, VOLTS),
        apdu.request(apdu.SET, 1, 0, (VOLTS, (7, 1))),
        apdu.request(apdu.SET, 1, 0, (VOLTS, (0, None)), time=5),
    ],
)
def test_our_own_mistakes_are_told(wrong):
    with pytest.raises(ValueError):
        apdu.encode(wrong)


def test_results_have_names():
    assert apdu.meaning("dar", 4) == "undefined"
    assert apdu.meaning("dar", 77) == "dar 77"
    with pytest.raises(Refused, match="time_tag"):
        apdu.accept(apdu.DAR_TIME_TAG)


ROWS = [[(0x11, 1)], [(0x11, 2)], [(0x11, 3)]]
COLUMN, OTHER = (0, 0x00100200), (0, 0x00200200)


@pytest.mark.parametrize(
    ("rsd", "asked", "columns", "rows", "verdict"),
    [
        ((9, 1), [COLUMN], [COLUMN], 1, ""),
        ((9, 1), [], [COLUMN], 1, ""),
        ((9, 1), [COLUMN], [COLUMN], 0, ""),
        ((9, 1), [COLUMN], [COLUMN], 2, "late"),
        ((9, 1), [COLUMN], [OTHER], 1, "late"),
        ((9, 1), [COLUMN, OTHER], [COLUMN], 1, "late"),
        ((10, (2, (0, None))), [COLUMN], [COLUMN], 2, ""),
        ((10, (2, (0, None))), [COLUMN], [COLUMN], 3, "late"),
        ((0, None), [COLUMN], [COLUMN], 3, ""),
    ],
)
def test_a_record_has_the_columns_that_were_asked_and_no_more_rows(rsd, asked, columns, rows, verdict):
    table = 0x50040200
    request_ = apdu.request(apdu.GET, apdu.RECORD, 1, (table, rsd, asked))
    record = (table, columns, (1, ROWS[:rows]))
    assert apdu.match(request_, apdu.Apdu(0x85, apdu.RECORD, 1, record, None, None)) == verdict
    block = (False, 1, (2, [record]))
    assert apdu.match(request_, apdu.Apdu(0x85, apdu.NEXT, 1, block, None, None)) == verdict
    refused = (table, [], (0, 4))
    assert apdu.match(request_, apdu.Apdu(0x85, apdu.RECORD, 1, refused, None, None)) == ""


def test_items_of_an_apdu_are_bounded():
    body = b"\x85\x01\x01" + bytes.fromhex("20000200") + b"\x01\x01\x82\x20\x00" + bytes(0x2000) + b"\x00\x00"
    with pytest.raises(Refused, match="too_long"):
        apdu.decode(body)
    assert axdr.MAX_ITEMS < 0x2000
