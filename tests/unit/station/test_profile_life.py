"""Packages in the station's store, and their way into a terminal as commands, answers and events have it."""

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, Engine

from protocols import cbor
from protocols.meters import package
from protocols.uplink import messages
from protocols.uplink.codes import REASON_NO
from station.errors import Invalid
from station.profiles import keys, life, push, signing
from station.provisioning import identity
from station.settings import Settings
from station.store import audit, commands, db, devices, profiles
from tests.browser.seed import put_event, put_now
from tests.browser.seed_profiles import FIRST, SECOND, SIGNER, admitted, read_by, reported, signed, trust

DEVICE, SLOT = "T1", 1
OTHER = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
PUBLIC = SIGNER.public_key().public_bytes_raw()


class Terminal:
    """Answers the commands that the room queues, as ingest would write it down."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.held = b""
        self.events = 0
        self.at = db.now_s()
        self.online()

    def online(self, **now: Any) -> None:
        self.at += 1
        with db.writing(self.engine) as c:
            devices.set_link(c, DEVICE, last_seen_s=self.at, hello_s=self.at)
            put_now(c, DEVICE, self.at, **now)

    def work(self) -> None:
        life.work(self.engine, self.at)

    def queued(self) -> list[dict[str, Any]]:
        with db.reading(self.engine) as c:
            return [row for row in commands.in_states(c, "queued") if row["kind"] == messages.PROFILE]

    def answer(self, to: str = "executed", **facts: Any) -> dict[str, Any]:
        """Take the one command that waits."""
        (row,) = self.queued()
        params = row["params"]
        if params["op"] == push.PIECE and to == "executed":
            if params["bytes"] and params["offset"] in (0, len(self.held)):
                self.held = self.held[: params["offset"]] + params["bytes"]
            facts = {"detail": {"bytes": len(self.held)}}
        with db.writing(self.engine) as c:
            assert commands.move(c, DEVICE, row["command"], to, self.at, **facts)
        return params

    def tell(self, name: str, **data: Any) -> None:
        self.events += 1
        with db.writing(self.engine) as c:
            put_event(c, DEVICE, self.at, name, {"slot": SLOT, **data}, self.events)

    def take_all(self) -> list[dict[str, Any]]:
        """All that comes, until it is activated."""
        taken: list[dict[str, Any]] = []
        while not taken or taken[-1]["op"] != push.ACTIVATE:
            self.work()
            taken.append(self.answer())
        self.work()
        return taken


@pytest.fixture
def terminal(engine: Engine) -> Terminal:
    with db.writing(engine) as c:
        trust(c)
    return Terminal(engine)


def begin(engine: Engine, data: bytes, slot: int = SLOT, author: str = "li") -> int:
    with db.writing(engine) as c:
        return life.begin(c, DEVICE, slot, admitted(c, data, author), author)


def row_of(engine: Engine, number: int) -> dict[str, Any]:
    with db.reading(engine) as c:
        found = profiles.push(c, number)
    assert found
    return found


def refusal(engine: Engine, data: bytes, slot: int = SLOT) -> list[str]:
    with pytest.raises(Invalid) as refused:
        begin(engine, data, slot)
    return [error.key for error in refused.value.errors]


def test_the_whole_way_is_one_push_and_each_command_has_its_author(
    engine: Engine, terminal: Terminal
) -> None:
    number = begin(engine, signed(FIRST))
    taken = terminal.take_all()
    assert terminal.held == signing.for_device(signed(FIRST))
    assert max(len(params.get("bytes", b"")) for params in taken) == push.PIECE_BYTES
    assert taken[-1]["hash"][:8] == reported(FIRST)
    assert row_of(engine, number)["state"] == push.TRIAL
    terminal.tell("profile_kept", version=1)
    terminal.work()
    assert row_of(engine, number)["state"] == push.KEPT
    terminal.work()
    assert terminal.queued() == []
    with db.reading(engine) as c:
        shown = commands.recent(c, DEVICE, 99)
        everything = commands.in_states(c, "executed")
        told = [line for line in audit.recent(c, 99) if line["author"] == "li"]
    assert [line["params"]["op"] for line in shown] == [push.ACTIVATE], "pieces do not flood the list"
    assert len(everything) == len(taken)
    assert {line["author"] for line in everything} == {"li"}
    assert [line["action"] for line in told] == [
        "profile_kept", "command", "profile_push", "profile_package",
    ]  # fmt: skip


def test_a_rolled_back_one_says_why_and_may_come_again(engine: Engine, terminal: Terminal) -> None:
    number = begin(engine, signed(FIRST))
    terminal.take_all()
    terminal.tell("profile_rolled_back", version=1, error="2 of 8 reads")
    terminal.work()
    assert (row_of(engine, number)["state"], row_of(engine, number)["why"]) == (
        push.ROLLED_BACK,
        "2 of 8 reads",
    )
    assert begin(engine, signed(FIRST)) != number


def test_an_event_of_another_slot_or_revision_or_of_before_is_not_its_own(
    engine: Engine, terminal: Terminal
) -> None:
    terminal.tell("profile_rolled_back", version=1)
    number = begin(engine, signed(FIRST))
    terminal.take_all()
    terminal.tell("profile_kept", version=2)
    terminal.tell("profile_kept", version=1, slot=2)
    terminal.work()
    assert row_of(engine, number)["state"] == push.TRIAL
    for _ in range(2):  # no event comes: what runs says it
        terminal.at += push.SILENT_S
        terminal.online(profiles=[[SLOT, reported(FIRST), 0, FIRST]])
        terminal.work()
    assert row_of(engine, number)["state"] == push.KEPT


def test_a_revision_that_ran_is_refused_here_already(engine: Engine, terminal: Terminal) -> None:
    begin(engine, signed(FIRST, 2))
    terminal.take_all()
    terminal.tell("profile_kept", version=2)
    terminal.work()
    assert refusal(engine, signed(FIRST, 2), slot=2) == ["package_older"]
    assert refusal(engine, signed(FIRST, 1), slot=2) == ["package_older"]
    begin(engine, signed(FIRST, 3))


def test_the_same_is_joined_and_another_waits(engine: Engine, terminal: Terminal) -> None:
    number = begin(engine, signed(FIRST))
    assert begin(engine, signed(FIRST), author="wang") == number
    assert refusal(engine, signed(SECOND)) == ["slot_taken"]
    assert begin(engine, signed(SECOND), slot=2) != number
    terminal.work()
    assert len(terminal.queued()) == 2


def test_stopped_it_sends_no_more_and_the_next_goes_on_there(engine: Engine, terminal: Terminal) -> None:
    number = begin(engine, signed(FIRST))
    terminal.work()
    terminal.answer()
    with db.writing(engine) as c:
        life.stop(c, DEVICE, SLOT, "wang")
    terminal.work()
    assert terminal.queued() == []
    assert (row_of(engine, number)["state"], row_of(engine, number)["why"]) == (push.STOPPED, "wang")
    again = begin(engine, signed(FIRST))
    assert again != number
    taken = terminal.take_all()
    assert [params.get("offset") for params in taken[:2]] == [0, push.PIECE_BYTES]
    assert taken[0]["bytes"] == b"", "asks first"
    terminal.tell("profile_kept", version=1)
    terminal.work()
    with db.writing(engine) as c, pytest.raises(Invalid):
        life.stop(c, DEVICE, SLOT, "wang")


def test_what_is_being_activated_is_not_stopped(engine: Engine, terminal: Terminal) -> None:
    begin(engine, signed(FIRST))
    terminal.work()
    while terminal.queued()[0]["params"]["op"] == push.PIECE:
        terminal.answer()
        terminal.work()
    with db.writing(engine) as c, pytest.raises(Invalid) as refused:
        life.stop(c, DEVICE, SLOT, "wang")
    assert refused.value.errors[0].key == "activation_sent"


def test_after_another_package_it_begins_at_the_beginning(engine: Engine, terminal: Terminal) -> None:
    begin(engine, signed(SECOND))
    terminal.work()
    terminal.answer()
    with db.writing(engine) as c:
        life.stop(c, DEVICE, SLOT, "wang")
    begin(engine, signed(FIRST))
    taken = terminal.take_all()
    assert len(taken[0]["bytes"]) == push.PIECE_BYTES
    assert terminal.held == signing.for_device(signed(FIRST))


def test_a_terminal_that_is_away_is_waited_for(engine: Engine, terminal: Terminal) -> None:
    number = begin(engine, signed(FIRST))
    with db.writing(engine) as c:
        gone = terminal.at - 3600
        devices.set_link(c, DEVICE, last_seen_s=gone)
        put_now(c, DEVICE, gone)
    terminal.work()
    assert terminal.queued() == []
    terminal.online()
    terminal.work()
    assert len(terminal.queued()) == 1
    terminal.at += life.PUSH_S
    terminal.answer("expired")
    terminal.work()
    assert (row_of(engine, number)["state"], row_of(engine, number)["why"]) == (
        push.GIVEN_UP,
        "past_deadline",
    )


def test_a_refused_activation_has_the_terminals_words(engine: Engine, terminal: Terminal) -> None:
    number = begin(engine, signed(FIRST))
    while row_of(engine, number)["held"] != row_of(engine, number)["total"]:
        terminal.work()
        if terminal.queued()[0]["params"]["op"] == push.PIECE:
            terminal.answer()
    words = "unknown_key: the identity names none"
    terminal.answer("refused", reason=REASON_NO["bad_profile"], detail={"error": words})
    terminal.work()
    assert (row_of(engine, number)["state"], row_of(engine, number)["why"]) == (push.REFUSED, words)


def altered(at: int) -> bytes:
    box = cbor.decode(signed(FIRST))
    box[at] = box[at][:-1] + bytes([box[at][-1] ^ 1])
    return cbor.encode(box)


@pytest.mark.parametrize(
    ("data", "key"),
    [
        (b"{}", "package_unsigned"),
        (b"\xa0", "package_malformed"),
        (signed(FIRST, signer=OTHER), "package_unknown_key"),
        (altered(package.SIGNATURE), "package_bad_signature"),
        (altered(package.PROFILE), "package_altered"),
        (altered(package.SOURCE), "package_altered"),
        (signing.for_device(signed(FIRST)), "package_bad_profile"),
    ],
)
def test_what_is_not_whole_and_trusted_is_refused_and_not_kept(
    engine: Engine, terminal: Terminal, data: bytes, key: str
) -> None:
    assert refusal(engine, data) == [key]
    with db.reading(engine) as c:
        assert profiles.packages(c, 9) == []


def test_without_any_key_that_is_what_is_told(c: Connection) -> None:
    with pytest.raises(Invalid) as refused:
        admitted(c, signed(FIRST), "li")
    assert refused.value.errors[0].key == "package_no_keys"


def test_the_identity_carries_the_keys(c: Connection, settings: Settings) -> None:
    assert identity(settings, c, DEVICE, settings.broker())["profile_keys"] == []
    trust(c)
    assert identity(settings, c, DEVICE, settings.broker())["profile_keys"] == [PUBLIC.hex()]
    keys.remove(c, package.key_id(PUBLIC).hex(), "li")
    assert identity(settings, c, DEVICE, settings.broker())["profile_keys"] == []
    for number in range(keys.MOST):
        keys.add(c, bytes([number]) * 32, "li")
    with pytest.raises(Invalid):
        keys.add(c, PUBLIC, "li")


def test_what_runs_is_told_with_its_name_and_its_points(engine: Engine, terminal: Terminal) -> None:
    begin(engine, signed(FIRST))
    terminal.take_all()
    terminal.tell("profile_kept", version=1)
    strange = [[1], "x", [3, "text", 0, "x"], [9, b"", 0, "x"]]
    rows = [[2, b"\x01" * 8, 1, "not-ours"], [SLOT, reported(FIRST), 0, FIRST], *strange]
    with db.writing(engine) as c:
        read_by(c, DEVICE, SLOT)
    terminal.online(profiles=rows, parameters={8: 1})
    with db.reading(engine) as c:
        first, second = life.running(c, DEVICE)
    assert (first["slot"], first["rev"], first["on_trial"], first["points"]) == (1, 1, False, [1])
    assert first["names"]["zh"] == "DL/T 645-2007 三相表"
    assert first["since_s"] == terminal.at - 1
    assert (second["rev"], second["names"], second["on_trial"], second["points"]) == (None, None, True, [])
    terminal.online(profiles=rows, parameters={8: 7})  # set by somebody else
    with db.reading(engine) as c:
        assert life.running(c, DEVICE)[0]["points"] is None


def test_the_shell_says_what_to_do(run: Any, engine: Engine, tmp_path: Path) -> None:
    source, key = tmp_path / "m.json", tmp_path / "release.key"
    signing.make_key(key)
    source.write_text(json.dumps({"not": "a package"}))
    push_it = ("profile", "push", DEVICE, "--slot", "1", "--wait", "0")
    assert "trusts no key yet" in run(*push_it, str(source), status=2)
    number = run("profile", "key", "add", f"{key}.pub").split()[1]
    assert number in run("profile", "key", "list")
    assert "is no signed package" in run(*push_it, str(source), status=2)
    lkp = tmp_path / "m.lkp"
    lkp.write_bytes(signed(FIRST, signer=signing.read_key(key)))
    assert "no such device" in run("profile", "push", "T9", str(lkp), "--slot", "1", status=2)
    told = run(*push_it, str(lkp))
    assert "0 of 2 pieces" in told
    assert "the station goes on when the terminal is there" in told
    assert "0 of 2 pieces" in run("profile", "on", DEVICE)
    run("profile", "stop", DEVICE, "--slot", "1")
    assert "nothing is being sent" in run("profile", "stop", DEVICE, "--slot", "1", status=1)
    assert "stopped by shell:" in run("profile", "on", DEVICE)
    assert "roll back is queued" in run("profile", "roll-back", DEVICE, "--slot", "1", "--wait", "0")
    run("profile", "key", "remove", number)
    assert "no key" in run("profile", "key", "remove", number, status=1)
