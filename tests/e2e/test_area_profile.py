"""A signed profile reaches a concentrator: tried with meters of its slot, kept, read by."""

import pytest

from protocols.meters import compile as compiling
from protocols.meters import package
from protocols.uplink.messages import DAILY
from station.profiles import files, keys
from station.store import db
from tests.e2e.area_rig import DEVICE, AreaRig, archive_of
from tests.e2e.shell import Shell

SLOT = 1


@pytest.fixture
def area(tmp_path):
    running = AreaRig(tmp_path, meters=16, lines=1)
    yield running
    running.close()


@pytest.mark.timeout(300)
def test_a_profile_is_pushed_tried_and_kept(area, tmp_path):
    hand = Shell(area.station.home, tmp_path)
    hand.run("keygen", "release.key", at_home=False)
    hand.run("key", "add", "release.key.pub")
    with db.reading(area.engine) as c:
        trusted = [key.hex() for key in keys.trusted(c).values()]
    area.power(profile_keys=trusted)
    area.wait(area.now, "the first live state")
    rows = archive_of(area.world.archive, area.slots)
    area.load(rows)
    name = area.slots[SLOT]
    meters = {row["meter"] for row in rows if row["slot"] == SLOT}
    document = files.read(files.found(name).read_bytes())
    document["rev"] += 1
    words = ["push", DEVICE, hand.signed(document), "--slot", SLOT, "--wait", 200]
    running = hand.begin(*words, "--home", area.station.home)
    hash_ = package.fingerprint(compiling.encoded(document))[:8]
    area.wait(lambda: area.now().get("profiles") == [[SLOT, hash_, 1, document["id"]]], "the trial")
    (kept,) = area.wait(lambda: area.events("profile_kept"), "the verdict")
    assert kept["data"] == {"slot": SLOT, "version": document["rev"]}
    out, err = running.communicate(timeout=120)
    assert running.returncode == 0, out + err
    area.wait(lambda: area.now()["profiles"] == [[SLOT, hash_, 0, document["id"]]], "the running hash")
    area.wait(lambda: meters & {meter for meter, *_rest in area.readings(DAILY)}, "a freeze by it")
    assert not area.events("profile_rolled_back")
    area.assert_whole()
