"""The transformer area and its concentrator: an archive is loaded, households pay, meters are read."""

import json

from hil.adapters.area import AreaProcess
from hil.adapters.concentrator import UnixConcentrator
from hil.adapters.process import ChildError
from hil.demo import households
from hil.demo.story import AUTHOR
from protocols.uplink import archive_rows, messages
from protocols.uplink.area import COMMAND_NAMES, SEARCH
from protocols.uplink.codes import APPEND
from station.area import life, load
from station.controls import byname
from station.store import area as store
from station.store import db, live

DEVICE, NAME = "C0000001", "示范台区 Demo area"
METERS, LINES, SEED, BAUD = 60, 2, 7, 9600
METER_INPUTS = {"password": "000000", "operator": "00000000"}  # what the simulated meters want for a control
READ_MOST_S = 300  # longest wait for the first freezes
DAYS_S = 4 * 86_400  # freezes of today and of the days that are filled in
ENOUGH_E2 = 75  # of the meters, so many are waited for


class District:
    """The running area with its concentrator."""

    def __init__(self, story, started, home, station):
        self._story = story
        story.tell(f"starting a transformer area of {METERS} meters")
        self.world = AreaProcess(
            home / "area", seed=SEED, meters=METERS, lines=LINES, baud=BAUD, state=home / "area" / "kept"
        )
        started.callback(self.world.stop)
        self._slots = sorted({row["profile"] for row in self.world.archive})
        lines = [f"{number}:{BAUD}:8E1" for number in range(1, LINES + 1)]
        identity = station.enrol_area(DEVICE, lines, self._slots, name=NAME) | {"meter_inputs": METER_INPUTS}
        story.tell("starting the concentrator")
        concentrator = UnixConcentrator(
            home / "concentrator", self.world, identity, "127.0.0.1", station.mqtt
        )
        started.callback(concentrator.close)
        concentrator.start()
        self._since_s = db.now_s()
        story.children += [
            ("the area", lambda: self.world.child.alive),
            ("the concentrator", lambda: concentrator.alive),
        ]

    def begin(self):
        """Bring in what is missing: all of it in a new area, nothing in one that had it."""
        self._story.wait("the concentrator's live state", self._now)
        self._settings()
        if not self._story.ask(store.archive, DEVICE):
            rows = households.table(self.world.archive, self.world.truth(), self._slots)
            self._story.write(life.take, DEVICE, rows, AUTHOR)
        if self._story.ask(life.drift, DEVICE):
            self._load()
        self._sell()

    def _now(self):
        now = self._story.ask(store.now, DEVICE)
        return now if now and now["received_s"] >= self._since_s else None

    def _settings(self):
        """Sections that have not been sent before."""
        versions = self._story.ask(live.latest, DEVICE)["parameters"]
        kind = COMMAND_NAMES[messages.PARAMETERS]
        for section, values in households.SECTIONS.items():
            if not versions.get(byname.SECTIONS[section]):
                texts = {"section": section, "values": json.dumps(values)}
                params = self._story.ask(byname.build, DEVICE, kind, texts, 1)
                self._story.order(DEVICE, messages.PARAMETERS, params)

    def _load(self):
        story = self._story
        number = story.write(life.begin, DEVICE, AUTHOR)
        story.tell("loading the archive of the area into the concentrator")

        def ended():
            row = story.ask(store.load, number)
            if row["state"] not in (load.SENDING, load.LOADED):
                raise ChildError(f"the load was {row['state']} {row['why']}")
            return row["state"] == load.LOADED

        story.wait("the archive loaded", ended)
        story.tell(f"{len(story.ask(store.archive, DEVICE))} meters are loaded, the reading begins")

    def _sell(self):
        """One order to each who has none, all on their way before the first is waited for."""
        story, paid = self._story, []
        rows = story.ask(store.archive, DEVICE)
        meters = [row["meter"] for row in rows if row["flags"] & archive_rows.PREPAID]
        for meter, value in zip(meters, households.PAID_YUAN_E4, strict=False):
            if not story.ask(store.orders, DEVICE, meter):
                number = story.write(life.order, DEVICE, meter, APPEND, value, 1, AUTHOR)
                paid.append((meter, value, number))
        for meter, value, number in paid:
            story.done(DEVICE, number)
            story.tell(f"meter {meter} has paid {value / households.YUAN_E4:.2f} yuan")

    def first_freezes(self):
        """Wait for them, then look once for meters that stand in no archive."""
        story = self._story
        meters = story.ask(store.archive, DEVICE)
        enough = len(meters) * ENOUGH_E2 // 100
        story.tell(f"waiting for the freezes of {enough} of {len(meters)} meters")
        story.wait("freezes", lambda: len(self._frozen()) >= enough, READ_MOST_S)
        story.tell(f"{DEVICE} freezes of {len(self._frozen())} of {len(meters)} meters are stored")
        if not story.ask(store.unknown, DEVICE):
            story.tell("searching the lines for meters that stand in no archive: on the page in 10 to 20 min")
            story.write(life.send, DEVICE, SEARCH, {"line": 0}, AUTHOR)

    def _frozen(self):
        return {meter for meter, _label in self._story.ask(store.frozen, DEVICE, db.now_s() - DAYS_S)}
