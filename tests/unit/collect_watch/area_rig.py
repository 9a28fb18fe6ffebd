"""A watch in virtual time: a board in memory, an archive, and what was told. Runs on both interpreters."""

from firmware.area.plan_duties import DAY_FREEZE, STATUS
from firmware.collect.watch import Watch
from firmware.hal.fake import FACTS, IDENTITY, Board
from protocols.uplink import area, parameters
from tests.unit.area.meters import MIDNIGHT_S
from tests.unit.area.meters import area as archive_of

DAY_S = 86400


class Settings:
    def __init__(self, **limits):
        self.limits = limits
        self.listeners = []

    def get(self, section):
        limits = self.limits if section == area.AREA else {}
        values = parameters.read(section, {}, area.PARAMETERS)
        values.update(limits)
        return values

    def listen(self, section, function):
        self.listeners.append((section, function))

    def change(self, **limits):
        self.limits = limits
        for section, function in self.listeners:
            if section == area.AREA:
                function(self.get(section))


class Collector:
    def __init__(self, archive):
        self.archive = archive
        self.profiles = {}


class Rig:
    def __init__(self, path, meters=20, archive=None, **limits):
        self.path = str(path)
        self.board = Board(self.path, None, FACTS, dict(IDENTITY, multiplier=1))
        self.collector = Collector(archive or archive_of(meters, 2))
        self.settings = Settings(**limits)
        self.told = []
        self.start()

    def start(self):
        """Also a restart: nothing but the flash is left of the watch before."""
        self.watch = Watch(self.board, self.path, self.tell, self.settings, self.collector)

    def tell(self, name, fields):
        assert name in area.EVENT_CODE, name
        for field in fields:
            assert field == "ago_s" or field in area.EVENT_FIELD_NO, field
        self.told.append((name, dict(fields)))

    def run(self, seconds, alive=(), step_s=900):
        """Time passes; meters `alive` are heard by a patrol every `step_s`."""
        for second in range(seconds):
            self.board.clock.advance(1000)
            self.watch.tick()
            if second % step_s == 0:
                for meter in alive:
                    self.status(meter)

    def status(self, meter, **words):
        values = {47 + int(name[1:]): value for name, value in words.items()}
        self.watch.seen(meter, STATUS, values, 0, 4, 0)

    def covers(self, meter, count):
        self.watch.seen(meter, 77, {3213: count}, 0, 16, 0)

    def freeze(self, meter, wh, day):
        self.watch.seen(meter, DAY_FREEZE, {320: wh}, 0, 1, MIDNIGHT_S + day * DAY_S)

    def named(self, name):
        return [fields for told, fields in self.told if told == name]
