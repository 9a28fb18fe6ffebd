"""A profile of a meter that is read with keys or a password is checked, simulated and signed with test ones;
a laptop asks for the real ones, and what must never repeat or come again outlives its process."""

import contextlib
import copy
import json

import pytest
from click.testing import CliRunner

from protocols.meters import links, package
from protocols.meters.points import BY_NO
from station.cli import meter as command
from station.cli.profile import profile
from station.profiles import check, files, options, signing, trial
from station.profiles.reading import Session
from station.profiles.simulated import Line, Meter

DLMS = files.read(files.found("dlms-landisgyr-e350").read_bytes())
DLT698 = files.read(files.found("dlt698-3p").read_bytes())
PUSHED = files.read(files.found("dlms-kaifa-han").read_bytes())


def _with(document, **given):
    """What was recorded without them is left out."""
    made = copy.deepcopy(document)
    made["options"].update(given) if "options" in made else made.update(options=given)
    made["tests"] = [test for test in made["tests"] if "exchanges" not in test]
    made["address"] = "" if given.get("transport") == "wrapper" else made["address"]
    return made


KEYED = {
    "hls5": _with(DLMS, authentication="hls5"),
    "hls5 over the wrapper": _with(DLMS, authentication="hls5", transport="wrapper", general=True),
    "dedicated": _with(DLMS, dedicated=True),
    "password of 698": _with(DLT698, connect="password"),
}
HLS5 = KEYED["hls5"]


def _recorded(document):
    """With a test of what was said on the line."""
    meter = Meter(document)
    line, index = Line(meter.server), meter.profile.fast[0]
    given = options.for_test(meter.profile.link, meter.profile.options)
    session = Session(meter.profile, line, meter.address, given, line.clock)
    session.run(session.reader.read(meter.profile.request(index)))
    points = {BY_NO[field[0]][2]: meter.values[field[0]] for field in meter.profile.fields(index)}
    heard = [[request.hex(), answer.hex()] for request, answer in line.heard]
    test = {"name": "recorded", "read": meter.profile.request(index), "exchanges": heard, "points": points}
    return document | {"tests": [test]}


@pytest.mark.parametrize("document", KEYED.values(), ids=KEYED)
def test_the_whole_life_with_test_secrets(document, tmp_path):
    document = _recorded(document)
    assert [str(problem) for problem in check.problems(document)] == []
    simulated = Meter(document)
    reading = trial.read(simulated)
    assert (reading.failed, trial.differing(simulated, reading)) == ({}, [])
    source, key, target = tmp_path / "p.json", str(tmp_path / "key"), str(tmp_path / "p.lkp")
    source.write_text(json.dumps(document), encoding="utf-8")
    for args in (["keygen", key], ["sign", str(source), "--key", key, "--out", target],
                 ["verify", target, "--pub", key + ".pub"], ["simulate", str(source)]):  # fmt: skip
        ended = CliRunner().invoke(profile, args)
        assert ended.exit_code == 0, ended.output


def test_what_was_recorded_with_other_keys_does_not_hold():
    document = _recorded(HLS5)
    request, answer = document["tests"][0]["exchanges"][1]
    document["tests"][0]["exchanges"][1] = [request, answer[:-8] + "00" * 4]
    assert "tests/0" in [problem.path for problem in check.problems(document)]


def test_a_keyed_push_is_simulated_ciphered():
    simulated = Meter(_with(PUSHED, dedicated=True))
    assert trial.read(simulated).failed == {}


@pytest.mark.parametrize("document", KEYED.values(), ids=KEYED)
def test_check_warns_that_no_terminal_reads_it(document):
    (caution,) = [problem for problem in check.cautions(document) if problem.path == "options"]
    assert "which terminals do not have" in caution.reason


@pytest.mark.parametrize("document", KEYED.values(), ids=KEYED)
def test_a_device_refuses_it_with_a_word(document, tmp_path):
    """As a terminal does: the Reader as it is, with what the profile says alone."""
    signing.make_key(tmp_path / "key")
    key = signing.read_key(tmp_path / "key")
    found = signing.verified(signing.sign(document, key), key.public_key().public_bytes_raw())
    with pytest.raises(package.PackageError) as refused:
        package.ready(found, links.reader(document["link"]))
    assert refused.value.args[0] == "bad_profile"
    assert refused.value.args[1].endswith("which no profile carries")


# ---- the laptop


@pytest.fixture
def read(monkeypatch, tmp_path):
    """`meter read` of a simulated meter with more options; {its line, its end}."""

    def start(document, *args, server=None):
        source = tmp_path / "p.json"
        source.write_text(json.dumps(document), encoding="utf-8")
        line = Line(server or Meter(document).server)
        monkeypatch.setattr(command, "open_port", lambda *_args: line)
        monkeypatch.setattr(command, "Session", lambda *given: Session(*given, clock=line.clock))
        given = ["read", "-p", str(source), "--port", "x", *args, "power_dw"]
        return line, CliRunner().invoke(command.meter, given)

    return start


GIVEN = [part for name, value in options.TEST_KEYS.items() for part in ("-o", f"{name}={value.hex()}")]


@pytest.mark.parametrize(
    ("name", "says"),
    [("hls5", "-o encryption_key=@FILE"), ("dedicated", "--state FILE"),
     ("password of 698", "-o password=@FILE")],
)  # fmt: skip
def test_a_laptop_without_the_secrets_says_what_to_give(read, name, says):
    line, ended = read(KEYED[name])
    assert (ended.exit_code, line.heard) == (2, [])
    assert says in ended.output


def test_a_password_of_698_is_given(read):
    _line, ended = read(KEYED["password of 698"], "-o", "password=00000000")
    assert ended.exit_code == 0, ended.output
    _line, ended = read(KEYED["password of 698"], "-o", "password=1")
    assert (ended.exit_code, "not_associated" in ended.output) == (1, True)


def test_our_counter_and_that_of_the_meter_go_on_in_the_next_process(read, tmp_path):
    state, server = tmp_path / "state", Meter(HLS5).server
    _line, ended = read(HLS5, *GIVEN, "--state", str(state), "--new-state", server=server)
    assert ended.exit_code == 0, ended.output
    first = options.Counter(state).read()
    assert first[0] > 0
    assert {*first[1]} == {server.title}
    _line, ended = read(HLS5, *GIVEN, "--state", str(state), server=server)
    assert ended.exit_code == 0, ended.output
    second = options.Counter(state).read()
    assert second[0] > first[0]
    assert second[1][server.title] > first[1][server.title]


class Recorded:
    def __init__(self, heard):
        self._answers = [answer for _request, answer in heard]

    def feed(self, _data):
        return self._answers.pop(0) if self._answers else b""


def test_a_recorded_session_is_not_believed_by_the_next_process(read, tmp_path):
    document = _with(DLMS, transport="wrapper")  # lls: nothing fresh proves who speaks
    state = tmp_path / "state"
    server = Meter(KEYED["hls5 over the wrapper"]).server
    server.clients = {32: 1}
    line, ended = read(document, *GIVEN, "--state", str(state), "--new-state", server=server)
    assert ended.exit_code == 0, ended.output
    seen = options.Counter(state).read()[1]
    options.Counter(state).write(0, seen)  # an old backup: the same requests are sent once more
    _line, ended = read(document, *GIVEN, "--state", str(state), server=Recorded(line.heard))
    assert (ended.exit_code, "replayed" in ended.output) == (1, True), ended.output


def test_another_meter_with_the_same_keys_is_foreign_where_one_is_expected(read, tmp_path):
    args = [*GIVEN, "--state", str(tmp_path / "state"), "--new-state", "-o", "meter_title=" + "00" * 8]
    _line, ended = read(HLS5, *args)
    assert (ended.exit_code, "foreign another system title" in ended.output) == (1, True)


def test_a_state_that_is_full_stays_as_it_is(tmp_path):
    counter = options.Counter(tmp_path / "state", new=True)
    full = {number.to_bytes(8, "big"): number for number in range(180)}
    counter.write(7, full)
    with pytest.raises(options.OptionError, match="no room"):
        counter.write(8, full | {bytes([number]) * 8: 1 for number in range(50)})
    assert options.Counter(tmp_path / "state").read() == (7, full)


def test_a_state_whose_meters_cannot_be_read_is_refused(tmp_path):
    (tmp_path / "state").write_text("7\nxx 5", encoding="ascii")
    with pytest.raises(options.OptionError, match="does not hold a counter"):
        options.Counter(tmp_path / "state")


# ---- what a Reader keeps itself


def _said(session, request):
    """What the Reader says of each frame that comes while it reads."""
    said = []

    def noted(ask):
        return ask._replace(judge=lambda frame: said.append(ask.judge(frame)) or said[-1])

    asked, frame = session.reader.read(request), None
    with contextlib.suppress(StopIteration):
        while True:
            frame = session._exchange(noted(asked.send(frame)))
    return said


class Late(Line):
    """The answer before comes once more, in front of each."""

    _before = b""

    def write(self, data):
        super().write(data)
        self._before, self._waiting = self._waiting, self._before + self._waiting


@pytest.mark.parametrize("name", ["cjt188-water", "dlt698-3p"])
def test_the_answer_before_is_not_that_of_the_next_read(name):
    """One session, one Reader: its requests go on counting."""
    meter = Meter(files.read(files.found(name).read_bytes()))
    session = Session(meter.profile, Late(meter.server), meter.address)
    request = meter.profile.request((meter.profile.fast or meter.profile.slow)[0])
    assert _said(session, request) == [""]
    assert _said(session, request) == ["late", ""]
