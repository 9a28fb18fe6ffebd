"""Signed profiles that come to a concentrator: tried with meters of their slot, read by or rolled back."""

import asyncio
import json

import pytest

from firmware.area.archive import Archive
from firmware.area.plan_duties import ON_DEMAND
from firmware.collect import packages
from firmware.collect.packages import Packages
from firmware.metering import slots
from firmware.store.kv import Kv
from protocols.meters import compile as compiling
from protocols.meters import package
from protocols.uplink.codes import REASON_NO
from station.profiles import files, signing
from tests.unit.area.meters import row
from tests.unit.collect_lines.bench import Bench, address, profile

NAME, ENERGY = "dlt645-2007-3p", 320
OWN, SLOT = 1, 2  # meter of the identity's profile; the slot of the others
METERS = 4
PIECE = 700


def document(rev=1, wrong=False):
    made = files.read(files.found(NAME).read_bytes()) | {"rev": rev}
    if wrong:  # whole and signed, but with identifiers that no meter has
        made = {name: part for name, part in made.items() if name not in ("tests", "controls")}
        made = json.loads(json.dumps(made).replace('"00010000"', '"0E010000"'))
        made["tests"] = [
            {"name": "data", "read": "0E010000", "data": "45230100", "points": {"energy_import_wh": 123450}}
        ]
    return made


class Scene:
    """A concentrator's lines and its packages; `restart` begins anew with the same flash."""

    def __init__(self, folder):
        self.folder, self.told = folder, []
        signing.make_key(folder / "key")
        self.key = signing.read_key(folder / "key")
        (folder / "meter-profiles").mkdir()
        self.kv = None
        self.restart()

    def close(self):
        if self.kv:
            self.kv.close()

    def restart(self):
        self.close()
        self.bench = Bench(METERS, profiles={0: profile()})
        rows = [row(meter, slot=0 if meter == OWN else SLOT) for meter in range(1, METERS + 1)]
        self.bench.archive.become(Archive(b"".join(rows)))
        board, collector = self.bench.board, self.bench.collector
        collector.reload(1, METERS)
        board.identity["profile_keys"] = [self.key.public_key().public_bytes_raw().hex()]
        self.kv = Kv(str(self.folder / "kv"))
        self.kv.open()
        self.packages = Packages(board, self.kv, str(self.folder), self.tell, collector)

    def tell(self, name, fields):
        self.told.append(name)

    def do(self, op, **params):
        reason, entries, commit = self.packages.apply(20, {"op": op, "slot": SLOT, **params}, 1)
        if commit:
            self.kv.put(entries)
            commit()
        return reason

    def push(self, made):
        data = signing.for_device(signing.sign(made, self.key))
        for at in range(0, len(data), PIECE):
            assert self.do(slots.PIECE, total=len(data), offset=at, bytes=data[at : at + PIECE]) == 0
        assert self.packages.held == len(data)
        return self.do(slots.ACTIVATE, hash=package.fingerprint(compiling.encoded(made)))

    def ticks(self, seconds, until=lambda: False):
        """So many seconds of the trial, lines working, or until something is so."""

        async def main():
            trial = asyncio.create_task(self.packages.run())
            for _ in range(seconds):
                self.packages.tick()
                self.bench.clock.advance(1000)
                for _ in range(50):
                    await asyncio.sleep(0)
                if until():
                    break
            assert not trial.done(), "the task of trials has ended"
            trial.cancel()

        self.bench.run(main())

    def reads(self, meter):
        """Values of the meter by whatever profile it has now."""
        return self.bench.run(self.bench.collector.ask_point(meter, ENERGY, ON_DEMAND, 60))[1]


@pytest.fixture
def scene(tmp_path, monkeypatch):
    monkeypatch.setattr(packages.asyncio, "sleep_ms", lambda _ms: asyncio.sleep(0), raising=False)
    made = Scene(tmp_path)
    yield made
    made.close()


def test_a_profile_is_tried_with_its_meters_and_then_read_by(scene):
    assert scene.reads(2) == {}
    assert scene.push(document()) == 0
    (row,) = scene.packages.hashes
    assert (row[0], row[2:]) == (SLOT, [1, NAME])
    assert scene.reads(2) == {}, "nothing is shown before it has proved itself"
    assert scene.reads(OWN)[ENERGY] == 123450, "the others are read as before"
    assert scene.bench.run(scene.bench.collector.control(2, "trip", {})) == "no_such_item"
    scene.ticks(200, lambda: scene.told)
    assert scene.told == ["profile_kept"]
    asked = {name for name, _control, _di in scene.bench.rack.heard}
    assert asked == {address(meter) for meter in range(1, METERS + 1)}, "each of its meters in turn"
    assert scene.packages.hashes[0][2] == 0
    assert scene.reads(2)[ENERGY] == 123450
    assert scene.push(document()) == 0, "asked once more: it runs"
    assert scene.told == ["profile_kept"]


def test_a_wrong_one_is_rolled_back_to_the_one_before(scene):
    scene.push(document())
    scene.ticks(200, lambda: scene.told)
    assert scene.push(document(2, wrong=True)) == 0
    scene.ticks(200, lambda: len(scene.told) > 1)
    assert scene.told == ["profile_kept", "profile_rolled_back"]
    assert scene.reads(3)[ENERGY] == 123450


def test_meters_that_are_not_heard_prove_nothing(scene):
    scene.bench.rack.dead = {address(meter) for meter in range(1, METERS + 1)}
    scene.push(document())
    scene.ticks(100)
    assert (scene.told, scene.packages.trials[SLOT][:2]) == ([], [0, 0])


def test_a_start_goes_on_with_what_stood(scene):
    scene.push(document())
    scene.restart()
    assert scene.packages.hashes[0][2] == 1, "its trial begins anew"
    scene.ticks(200, lambda: scene.told)
    scene.restart()
    assert scene.reads(4)[ENERGY] == 123450
    assert scene.do(slots.ROLL_BACK) == REASON_NO["bad_profile"]
    assert "none before" in scene.packages.error


def test_four_starts_without_proof_end_a_trial(scene):
    scene.push(document())
    for _ in range(4):
        scene.restart()
    assert scene.told == ["profile_rolled_back"]
    assert scene.packages.hashes == []


def test_what_is_not_signed_by_a_known_key_is_refused(scene):
    scene.bench.board.identity["profile_keys"] = []
    assert scene.push(document()) == REASON_NO["bad_profile"]
    assert "unknown_key" in scene.packages.error


def test_a_trial_that_ends_while_another_is_read_is_left_alone(scene, monkeypatch):
    scene.push(document())
    held, seen = scene.packages, []
    held.trials[SLOT + 1] = [0, 0, 0, ""]

    async def attempt(meter, _profile, _index):
        seen.append(meter)
        held.trials.pop(SLOT + 1, None)
        return None, False

    monkeypatch.setattr(scene.bench.collector, "attempt", attempt)
    scene.ticks(3)
    assert len(seen) > 1
