"""One of each thing of the station's rooms, at the root, so that every page has something to show."""

import io
import time
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import Connection, Engine

from protocols.meters.points import BY_ALIAS
from protocols.uplink import messages
from protocols.uplink import parameters as sections
from protocols.uplink.codes import EXECUTED, TO_MANY
from protocols.uplink.envelope import seal
from station import controls
from station.access import accounts, cleanup, tickets, transfers
from station.alarms import duty, outages
from station.alarms import life as alarms
from station.approvals import kinds
from station.approvals import life as approvals
from station.archives import checks
from station.collection import counts, patrols, tasks, traces
from station.fieldwork import life as fieldwork
from station.stock import life as stock
from station.store import commands, db, org, parameters, sims, users
from station.store import traces as store_traces
from station.store.scope import EVERYWHERE, ROOT
from station.store.traces import Noted
from tests.unit.station.double import Double, event, result

DEVICE = "DF-FOUNDRY-01"
WHO = "admin"
COLLEAGUE = "li.hua"


def seed_rooms(c: Connection) -> None:
    at = int(time.time())
    below = org.add_unit(c, ROOT, "station", "CB", "城北供电所")
    _people(c, below)
    while alarms.work(c, at) == alarms.BATCH:
        pass
    shift = duty.begin(c, WHO, EVERYWHERE, ROOT)
    duty.write(c, WHO, EVERYWHERE, shift, "通知检修班 / call the depot", "entry", todo=True)
    outages.plan(c, WHO, EVERYWHERE, ROOT, [DEVICE], at + 60, at + 7200, "线路检修", "outage")
    _trip_for_two(c)
    tasks.add(c, WHO, EVERYWHERE, TASK | {"from_s": at - 86_400}, "task")
    work = {"kind": "commission", "unit": ROOT, "device": DEVICE, "subject": "铸造厂二期送电", "priority": 1}
    fieldwork.draft(c, WHO, EVERYWHERE, "work", work | {"due_s": at + 86_400})
    stock.move(c, WHO, EVERYWHERE, MOVE, "move")
    stock.plan(c, WHO, EVERYWHERE, ROOT, "meter", 10, 0)
    _other_parameters(c, at)
    _trace(c, at)
    patrols.begin(c, WHO, EVERYWHERE, PATROL, "over", at - 2 * PATROL["within_s"])


def seed_days(engine: Engine) -> None:
    """Collection of three weeks, counted as it would have been; a patrol that ended, one under way."""
    at = int(time.time())
    with db.writing(engine) as c:
        facts = TASK | {"name": "台区日冻结", "point_type": "meter", "from_s": at - 20 * 86_400}
        tasks.add(c, WHO, EVERYWHERE, facts, "of meters")
        _sim_months(c)
    while counts.close(engine, at, 28_800):
        pass
    checks.work(engine, at)
    patrols.work(engine, at)
    with db.writing(engine) as c:
        patrols.begin(c, WHO, EVERYWHERE, PATROL, "running")


def _trace(c: Connection, at: int) -> None:
    """A terminal that is listened to."""
    double = Double(DEVICE)
    said = [
        Noted(DEVICE, 1, "hello", double.hello().payload),
        Noted(DEVICE, 1, "ev", double.batch("ev", 7, [event("power_up"), result(3, EXECUTED)]).payload),
        Noted(DEVICE, 1, "ev", b"\xff\x00", "malformed"),
        Noted(DEVICE, 0, "mark", seal(bytes(32), "mark", DEVICE, {0: 1, 3: double.epoch, 4: {1: 8}})),
        Noted(DEVICE, 1, "now", double.now().payload),
    ]
    traces.begin(c, WHO, DEVICE, 4, at)
    for n, each in enumerate(said):
        store_traces.put(c, (at - 60) * 1000 + 357 * n, [each])


def _sim_months(c: Connection) -> None:
    """Of the card that `seed_by_desk` made: its traffic grows beyond its plan."""
    for card in sims.numbered(c, EVERYWHERE, [SIM["number"]]).values():
        month = {
            "record": card,
            "quota_bytes": 30 << 20,
            "ip": "10.20.30.40",
            "roaming": 0,
            "state": "active",
        }
        told = [
            month | {"month": 202601 + n, "traffic_bytes": (8 + 3 * n) << 20, "cost_yuan_e4": 50_000}
            for n in range(10)
        ]
        sims.put_months(c, told)


def _people(c: Connection, below: int) -> None:
    keeper = accounts.keeper(c, WHO)
    accounts.add(c, keeper, COLLEAGUE, ROOT)
    accounts.give(c, keeper, COLLEAGUE, "viewer", ROOT)
    transfers.apply(c, keeper, COLLEAGUE, below, "调岗", token="transfer", offset_s=28_800)
    tickets.write(c, COLLEAGUE, "permission", "召测权限没有了", "ticket")
    at = int(time.time())
    users.change(c, COLLEAGUE, created_s=at - 100 * 86_400)
    cleanup.begin(c, keeper, ROOT, cleanup.DAYS, at + 7 * 86_400, "请各单位核实", "cleanup")


def _other_parameters(c: Connection, at: int) -> None:
    """A section that was sent an hour ago and is not what the terminal runs."""
    params = {"section": sections.LIMITS, "version": 2, "values": {1: 1100}}
    number = commands.create(c, DEVICE, messages.PARAMETERS, params, WHO, at + 300)
    commands.move(c, DEVICE, number, "executed", at - 3600)
    parameters.replace(c, (), {(DEVICE, sections.LIMITS, 2, 1)}, at)


def _trip_for_two(c: Connection) -> None:
    sent = kinds.command([DEVICE, "HX-TEXTILE-04"], messages.TRIP, controls.trip([1], 0, 0), 300, "", TO_MANY)
    approvals.propose(c, "control", sent, COLLEAGUE, EVERYWHERE, "迎峰度夏演练", token="approval")


TASK: dict[str, Any] = {
    "name": "日冻结采集",
    "kind": messages.DAILY,
    "unit": ROOT,
    "point_type": "main",
    "first": 1,
    "last": 1000,
    "items": [BY_ALIAS["energy_import_wh"][0]],
    "until_s": None,
    "every": 1,
    "priority": 1,
    "supplements": 3,
    "origin": "own",
}
PATROL: dict[str, Any] = {
    "unit": ROOT,
    "items": [BY_ALIAS["power_dw"][0]],
    "within_s": 3600,
    "way": "filter",
    "kind": "terminals",
    "q": "",
    "first": 1,
    "last": 1000,
    "state": "all",
}
MOVE: dict[str, Any] = {
    "move": "receive",
    "kind": "meter",
    "unit": ROOT,
    "model": "DTZ341",
    "serials": "DTZ-0001\nDTZ-0002",
    "count": None,
    "person": "",
    "device": "",
    "work_order": None,
    "remark": "",
}


def seed_by_desk(desk: FlaskClient) -> None:
    """What comes by a form with a file, or by a form that derives much: a customer, a photo, an import."""
    forms: tuple[tuple[str, dict[str, Any]], ...] = (
        ("/archives/customer", CUSTOMER),
        ("/archives/meter", METER),
        ("/archives/record/2/move", IN_USE),
        ("/archives/sim", SIM),
        ("/archives/record/3/move", IN_USE),
        ("/documents", PHOTO | {"file": (io.BytesIO(PNG), "panel.png")}),
        ("/imports", IMPORT | {"file": (io.BytesIO(FILE.encode()), "devices.csv")}),
        ("/marketing", MARKETING | {"file": (io.BytesIO(THEIRS.encode()), "customers.csv")}),
    )
    for address, sent in forms:
        answer = desk.post(address, data=sent)
        assert answer.status_code == 302, (address, answer.text)


CUSTOMER = {
    "number": "KH-0001",
    "name": "东方铸造有限公司",
    "unit": ROOT,
    "from_day": "2026-01-02",
    "once": "c",
}
METER = {"number": "BJ-0001", "unit": ROOT, "from_day": "2026-01-02", "once": "m"}
SIM = {
    "number": "8986001234567890120",
    "unit": ROOT,
    "from_day": "2026-01-02",
    "operator": "mobile",
    "once": "s",
}
IN_USE = {"version": 1, "to": "running", "from_day": "2026-01-02", "reason": "新装"}
PHOTO = {"subject": "device", "key": DEVICE, "title": "配电柜照片", "tags": "", "once": "1" * 32}
IMPORT = {"target": "devices", "unit": ROOT, "once": "i"}
FILE = f"device,name\n{DEVICE},东方铸造厂二期\n"
MARKETING = {"kind": "customer", "form": "full", "unit": ROOT}
THEIRS = (
    "编号,名称,联系电话,用电类别,合同容量（kVA）\n"
    "KH-0001,东方铸造有限公司,13912345678,大工业,630\n"
    "KH-0002,和兴纺织厂,13812345678,一般工商业,315\n"
    "KH-0003,龙江特钢,不详,大工业,2000\n"
)
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)
