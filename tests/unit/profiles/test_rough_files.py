"""Files and texts of others end in one line that says why, and steer no terminal."""

import pytest
from click.testing import CliRunner

from protocols.meters import links
from protocols.meters.points import BY_ALIAS
from station.cli.meter import meter
from station.cli.profile import profile
from station.profiles import files, options, show


@pytest.mark.parametrize(
    ("text", "says"),
    [(b'{"rev": ' + b"9" * 5000 + b"}", "5000 digits"), (b'{"id": "\\ud800"}', "half a character"),
     (b'{"\\udc00": 1}', "half a character")],
)  # fmt: skip
def test_what_json_lets_through(text, says):
    with pytest.raises(files.BadProfile, match=says):
        files.read(text)


@pytest.mark.parametrize("command", [("check",), ("diff", "abb-b23"), ("simulate",)])
def test_a_file_without_end(command):
    ended = CliRunner().invoke(profile, [*command, "/dev/zero"])
    assert ended.exit_code in (1, 2)
    assert "is larger than" in ended.output


def test_a_secret_without_end():
    with pytest.raises(options.OptionError, match="more than"):
        options.parsed(("password=@/dev/zero",), {"password": str})


def test_texts_of_a_meter_are_escaped():
    no = BY_ALIAS["meter_no"][0]
    assert show.value_text(no, "12\x1b[2J\x9b\u202e34") == r"12\x1b[2J\x9b\u202e34"
    assert show.value_text(no, "表") == "表"


@pytest.mark.parametrize(
    ("link", "text", "value"),
    [("dlt645-2007", "operator=12345678", "12345678"), ("dlt645-2007", "wakeup=0", 0),
     ("cjt188", "type=10", "10"),
     ("dlms", "system_title=4D4D", b"MM"), ("dlms", "general=true", True), ("dlms", "transport=hdlc", "hdlc"),
     ("sml", "unsigned=1-0:1.7.0*255,1-0:2.7.0*255", ["1-0:1.7.0*255", "1-0:2.7.0*255"])],
)  # fmt: skip
def test_values_are_of_the_kind_that_the_reader_takes(link, text, value):
    (found,) = options.parsed((text,), links.reader(link).OPTIONS).values()
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("link", "text"),
    [("dlt645-2007", "wakeup=x"), ("dlms", "system_title=xx"), ("dlms", "general=1"),
     ("dlms", "transport=udp"),
     ("modbus", "x=1"), ("sml", "unsigned")],
)  # fmt: skip
def test_other_values_are_refused(link, text):
    with pytest.raises(options.OptionError):
        options.parsed((text,), links.reader(link).OPTIONS)


# ---- the counter


def test_a_counter_begins_only_when_told(tmp_path):
    path = tmp_path / "counter"
    with pytest.raises(options.OptionError, match="--new-state"):
        options.Counter(path)
    options.Counter(path, new=True).put(7)
    assert options.Counter(path).get() == 7
    with pytest.raises(options.OptionError, match="never begins anew"):
        options.Counter(path, new=True)
    path.write_text("seven")
    with pytest.raises(options.OptionError, match="does not hold a counter"):
        options.Counter(path)
    with pytest.raises(options.OptionError, match="No such file"):
        options.Counter(tmp_path / "none" / "counter", new=True)


def test_a_missing_counter_is_told_before_anything_is_sent(tmp_path):
    args = ["read", "-p", "dlms-landisgyr-e350", "--port", "tcp://127.0.0.1:1", "--state",
            str(tmp_path / "c"), "-o", "encryption_key=" + "00" * 16]  # fmt: skip
    ended = CliRunner().invoke(meter, args)
    assert ended.exit_code == 2
    assert not isinstance(ended.exception, OSError)
    with pytest.raises(options.OptionError, match="--new-state"):
        options.for_link("dlms", {"encryption_key": bytes(16)}, tmp_path / "c")
    made = options.for_link("dlms", {"encryption_key": bytes(16)}, tmp_path / "c", new=True)
    assert made["state"].get() == 0
