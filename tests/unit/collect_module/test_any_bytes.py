"""Whatever comes out of the module, its owner stays, and the list it keeps is the archive's in the end."""

from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.collect.module import FOUND_MOST, READY, WAITING_MOST
from protocols.lines.gdw3762 import frame, items
from tests.unit.collect_module.rig import Rig, text

KEYS = sorted(items.ITEMS)
STARTED = st.tuples(st.sampled_from(KEYS), st.binary(max_size=60), st.integers(0, 255))
NODES = [{"address": text(1000 + n), "protocol": 2, "number": n} for n in range(200)]


def settled(rig):
    rig.run(lambda: rig.module.phase == READY and not rig.module._walk_due)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=80), STARTED), max_size=6), st.booleans())
def test_noise_and_any_frame_harm_nobody(said, early):
    rig = Rig(told=(2, 9))
    if not early:
        settled(rig)
    for each in said:
        if isinstance(each, tuple):
            (afn, fn), data, number = each
            each = frame.answer(afn, fn, data, number, started=True)
        rig.port.say(each)
    rig.module._walk_soon()
    settled(rig)
    assert rig.listed() == {text(1), text(2), text(3)}
    assert rig.module.faults == 0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.binary(max_size=60)), max_size=12))
def test_any_answer_to_its_own_questions_harms_nobody(lies):
    """The module says something else, under the right number, in some of its answers."""
    rig = Rig(told=(2, 9))
    honest, turn = rig.server.feed, [0]

    def feed(data):
        out = honest(data)
        lie = dict(lies).get(turn[0])
        turn[0] += 1
        asked = frame.Framer().feed(data)
        if lie is None or not asked:
            return out
        fn = frame.fns(asked[0].dt)[0]
        return frame.answer(asked[0].afn, fn, lie, frame.number(asked[0]))

    rig.server.feed = feed
    rig.run(lambda: rig.module.phase == READY and not rig.module._walk_due and turn[0] > 41, most_s=90000)
    assert rig.listed() == {text(1), text(2), text(3)}


def test_what_is_kept_is_bounded():
    rig = Rig()
    settled(rig)
    for _ in range(3):
        for at in range(0, 200, 20):
            rig.port.say(rig.server.start("report_nodes", {"nodes": NODES[at : at + 20]}))
        settled(rig)
        rig.run(rig.collector.ask_point(1, 1, 1, 60))
    assert len(rig.module._found) <= FOUND_MOST
    assert len(rig.module._waiting) <= WAITING_MOST
