"""What stands behind AFN and Fn of Q/GDW 376.2: one table, read and written by the same few kinds of field.

decode and encode speak {name: value}; `fields` says what the kinds are. Layouts are those of the 2013
edition, which broadband modules speak; of 2009 only its shorter confirmation.

`ITEMS` is a text that is read where it is asked for: as tuples it costs a device 28 KB of heap.

ONE_SOURCE: layouts of which no second source was found. The others stand in two open implementations.
"""

from protocols.lines.gdw3762 import fields
from protocols.lines.gdw3762.frame import UP, fns
from protocols.lines.refused import Refused

# protocol of what is carried
TRANSPARENT, DLT645_1997, DLT645_2007, DLT698 = range(4)

# error of a denial
ERRORS = {
    0: "timeout",
    1: "invalid_data",
    2: "bad_length",
    3: "bad_checksum",
    4: "unknown_item",
    5: "bad_format",
    6: "node_exists",
    7: "unknown_node",
    8: "meter_silent",
    9: "busy",
    10: "unsupported",
    11: "node_silent",
    12: "node_not_in_network",
    109: "too_many_at_once",
    110: "too_many_frames",
    111: "node_being_read",
}
CODES = {name: code for code, name in ERRORS.items()}
DONE = 0xFFFFFFFF  # state of a confirmation: carried out, all channels idle

READ_DONE, READ_FAILED, READ_THIS = 1, 0, 2  # flag of the answer to AFN 14 F1


# AFN Fn name | layout down | layout up; none: not in that direction. name:kindN as in fields.py; bits N bytes
# (name.width, ..) from the lowest on; list N bytes of count [ layout ]; each [count layout ].
# wait_s; state of a confirmation: bit 0 carried out, then a channel each, 1 idle; phases: bit 0 phase 1 ..;
# change of report_route: 1 reading, 2 searching ended
_TEXT = """
00 1 confirm | state:u4 wait_s:u2 | state:u4 wait_s:u2
00 2 deny | error:u1 | error:u1
01 1 init_hardware | | none
01 2 init_parameters | | none
01 3 init_data | | none
02 1 pass_on | protocol:u1 data:blob1 | protocol:u1 data:blob1
03 1 vendor | | vendor:ascii2 chip:ascii2 date:low3 version:low2
03 2 noise | | noise:u1
03 3 heard_nodes | start:u1 count:u1 | total:u1 nodes:list1[ address:address route:bits1(level.4,signal.4)
  times:u1 ]
03 4 own_address | | address:address
03 5 state | | state:bits1(rate_count.4,supply.2,reading.2) channels:bits1(channels.4,.4)
  rates:each[rate_count rate:bits2(rate.15,kilobit.1) ]
03 6 interference | minutes:u1 | interference:u1
03 7 node_timeout | | timeout_s:u1
03 8 radio | | channel_group:u1 power:u1
03 9 broadcast_delay | protocol:u1 data:blob1 | delay_s:u2 protocol:u1 data:blob1
03 10 run_mode | | mode_0:bits1(channel_kind.4,routing.1,wants_nodes.1,reading.2)
  mode_1:bits1(route_delay.1,node_delay.1,broadcast_delay.1,node_switch.2,confirm_first.1,by_channel.2)
  mode_2:bits1(channels.5,power_down.3) mode_3:bits1(rate_count.4,.4) spare:bytes2 timeout_s:u1
  broadcast_timeout_s:u2 frame_bytes:u2 file_bytes:u2 upgrade_s:u1 address:address limit:u2 count:u2
  published:low3 registered:low3 vendor:ascii2 chip:ascii2 date:low3 version:low2 rates:each[rate_count
  rate:bits2(rate.15,kilobit.1) ]
03 11 supported | afn:u1 | afn:u1 supported:bytes32
04 1 send_test | seconds:u1 | none
04 2 call_node | | none
04 3 test_frame | rate_number:u1 address:address protocol:u1 data:blob1 | none
05 1 set_own_address | address:address | none
05 2 allow_events | allowed:u1 | none
05 3 broadcast | protocol:u1 data:blob1 | none
05 4 set_node_timeout | timeout_s:u1 | none
05 5 set_radio | channel_group:u1 power:u1 | none
06 1 report_nodes | none | nodes:list1[ address:address protocol:u1 number:u2 ]
06 2 report_data | none | number:u2 protocol:u1 duration_s:u2 data:blob1
06 3 report_route | none | change:u1
06 4 report_devices | none | nodes:list1[ address:address protocol:u1 number:u2 device:u1 below:u1
  here:list1[ address:address protocol:u1 ] ]
06 5 report_event | none | device:u1 protocol:u1 data:blob1
10 1 node_count | | count:u2 limit:u2
10 2 nodes | start:u2 count:u1 | total:u2 nodes:list1[ address:address
  route:bits2(level.4,signal.4,phases.3,protocol.3,.2) ]
10 3 relays | address:address | nodes:list1[ address:address
  route:bits2(level.4,signal.4,phases.3,protocol.3,.2) ]
10 4 route_state | | run:bits1(learned.1,working.1,event.1,coding.5) total:u2 read:u2 relayed:u2
  switches:bits1(learning.1,registering.1,events.1,.5) rate:u2 level_1:u1 level_2:u1 level_3:u1 step_1:u1
  step_2:u1 step_3:u1
10 5 nodes_not_read | start:u2 count:u1 | total:u2 nodes:list1[ address:address
  route:bits2(level.4,signal.4,phases.3,protocol.3,.2) ]
10 6 nodes_registered | start:u2 count:u1 | total:u2 nodes:list1[ address:address
  route:bits2(level.4,signal.4,phases.3,protocol.3,.2) ]
11 1 add_nodes | nodes:list1[ address:address protocol:u1 ] | none
11 2 delete_nodes | nodes:list1[ address:address ] | none
11 3 set_path | address:address relays:list1[ address:address ] | none
11 4 set_work | work:bits1(learning.1,registering.1,.2,coding.4) rate:bits2(rate.15,kilobit.1) | none
11 5 start_registering | start:low6 minutes:u2 repeats:u1 slices:u1 | none
11 6 stop_registering | | none
12 1 restart | | none
12 2 pause | | none
12 3 resume | | none
13 1 forward | protocol:u1 delay_related:u1 attached:list1[ address:address ] data:blob1 | duration_s:u2
  protocol:u1 data:blob1
14 1 ask_data | flag:u1 delay_related:u1 data:blob1 attached:list1[ address:address ] | phase:u1
  address:address number:u2
14 2 ask_clock | time:low6 |
14 3 ask_correction | data:blob1 | address:address delay_s:u2 data:blob1
15 1 file | file:u1 attribute:u1 command:u1 segments:u2 segment:u4 data:blob2 | segment:u4
F1 1 concurrent | protocol:u1 reserved:u1 data:blob2 | protocol:u1 data:blob2
"""
_CONFIRM_2009 = "state:u2 wait_s:u2"
ONE_SOURCE = ("interference", "broadcast_delay", "test_frame", "file", "ask_correction")


def _layout(tokens) -> "tuple | None":
    """Of an iterator over words, up to its end or a "]"."""
    out = []
    for token in tokens:
        if token == "none":
            return None
        if token == "]":
            break
        name, _, kind = token.partition(":")
        out.append((name,) + _kind(kind, tokens))
    return tuple(out)


def _kind(text, tokens) -> tuple:
    if text == "address":
        return text, 6
    if text[:5] == "each[":
        return "each", (text[5:], _layout(tokens))
    if text[:4] == "list":
        return "list", (int(text[4]), _layout(tokens))
    if text[:4] == "bits":
        pairs = [pair.split(".") for pair in text[6:-1].split(",")]
        return "bits", (int(text[4]), tuple([(name, int(width)) for name, width in pairs]))
    kind = text.rstrip("0123456789")
    return kind, int(text[len(kind) :])


def _row(at) -> list:
    """[head, down, up] of the row that begins there."""
    end = _TEXT.find("\n", at)
    while _TEXT[end + 1 : end + 2] == " ":
        end = _TEXT.find("\n", end + 1)
    return _TEXT[at:end].split("|")


class _Items:
    """{(AFN, Fn): (name, layout down, layout up)} for readers."""

    def _at(self, key) -> int:
        return _TEXT.find("\n%02X %d " % key) + 1

    def __contains__(self, key) -> bool:
        return self._at(key) > 0

    def __getitem__(self, key) -> tuple:
        at = self._at(key)
        if not at:
            raise KeyError(key)
        head, down, up = _row(at)
        return head.split()[2], _layout(iter(down.split())), _layout(iter(up.split()))

    def get(self, key, default=None):
        return self[key] if key in self else default

    def __iter__(self):
        for line in _TEXT.split("\n"):
            if line and line[0] != " ":
                yield int(line[:2], 16), int(line.split()[1])

    def __len__(self) -> int:
        return len(list(iter(self)))

    def values(self):
        return (self[key] for key in self)

    def name(self, key) -> str:
        """ "" when there is none."""
        at = self._at(key)
        return _TEXT[at : _TEXT.find("|", at)].split()[2] if at else ""


class _Names:
    """{name: (AFN, Fn)}"""

    def __getitem__(self, name) -> tuple:
        at = _TEXT.find(" %s |" % name)
        if at < 0:
            raise KeyError(name)
        afn, fn = _TEXT[_TEXT.rfind("\n", 0, at) + 1 : at].split()
        return int(afn, 16), int(fn)

    def __iter__(self):
        return (ITEMS.name(key) for key in ITEMS)

    def __contains__(self, name) -> bool:
        return _TEXT.find(" %s |" % name) >= 0

    def __len__(self) -> int:
        return len(set(self))


ITEMS = _Items()
BY_NAME = _Names()


def name_of(frame) -> str:
    """The item of a frame with one Fn; "" when it is none of the table."""
    numbers = fns(frame.dt)
    return ITEMS.name((frame.afn, numbers[0])) if len(numbers) == 1 else ""


def error_name(code) -> str:
    return ERRORS[code] if code in ERRORS else "error %d" % code


def layout(afn, fn, up) -> tuple:
    """Refused("unknown_item") for what the table has not in that direction."""
    found = ITEMS.get((afn, fn), (None, None, None))[2 if up else 1]
    if found is None:
        raise Refused("unknown_item", "AFN %02X F%d %s" % (afn, fn, "up" if up else "down"))
    return found


def decode(frame) -> dict:
    """{name: value} of a frame with one Fn; Refused when table and bytes do not fit."""
    numbers = fns(frame.dt)
    if len(numbers) != 1:
        raise Refused("unsupported", "DT %04X names %d Fn" % (frame.dt, len(numbers)))
    found = layout(frame.afn, numbers[0], frame.control & UP)
    if frame.afn == 0 and numbers[0] == 1 and len(frame.data) == 4:
        found = _layout(iter(_CONFIRM_2009.split()))
    return fields.read(frame.data, found)


def encode(name, up, values) -> bytes:
    """Data of the item `name`; ValueError when `values` are not those of its layout."""
    return fields.write(values, layout(BY_NAME[name][0], BY_NAME[name][1], up))
