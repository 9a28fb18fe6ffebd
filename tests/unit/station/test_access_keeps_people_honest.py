"""One-time passwords, policy, lockout that outlives a restart."""

import stat

import pytest
from argon2 import PasswordHasher

from protocols.mac import derive
from station import access, archives, provisioning
from station.access.policy import DEFAULT, one_time
from station.errors import FieldError, Invalid
from station.settings import Broker, Settings
from station.store import audit, db, devices, users
from tests.unit.station.double import T0

GOOD = "Correct-horse-7"
MAX_FAILURES, LOCK_S = DEFAULT.failures, DEFAULT.lock_min * 60


@pytest.fixture(autouse=True)
def cheap_hash(monkeypatch):
    """argon2id with the least it takes: the rules are tested here, not the cost."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr("station.access.people._hasher", cheap)


@pytest.fixture
def password(c):
    return access.first_admin(c)


def enters(c, name, password, t_s=None):
    found = access.login(c, name, password, t_s)
    assert not isinstance(found, FieldError), found
    return found


def refused(c, name, password, t_s=None):
    found = access.login(c, name, password, t_s)
    assert isinstance(found, FieldError), found
    return found


def keys(problems):
    return [problem.key for problem in problems]


def test_first_start_makes_one_admin_once(c, password):
    assert access.first_admin(c) is None
    user = enters(c, "admin", password)
    assert user["must_change"] == 1
    assert password not in str(db.rows(c.execute(users.users.select())))


def test_new_password_ends_the_duty_to_change_and_older_sessions(c, password):
    before = enters(c, "admin", password)["session"]
    after = access.change_password(c, "admin", password, GOOD)
    assert (after["must_change"], after["session"]) == (0, before + 1)
    assert access.user_for_session(c, "admin", before) is None
    assert access.user_for_session(c, "admin", before + 1)["name"] == "admin"
    assert refused(c, "admin", password) == FieldError("", "login_failed")


@pytest.mark.parametrize(
    ("new", "key"),
    [
        ("Short-7", "password_short"),
        ("nodigitsnocaps", "password_simple"),
        ("x" * 129 + "A1", "too_long"),
        ("MyAdmin-12345", "password_has_name"),
    ],
)
def test_policy(c, password, new, key):
    assert key in keys(access.check_policy(new, "admin"))
    with pytest.raises(Invalid, match=key):
        access.change_password(c, "admin", password, new)


def test_same_password_and_wrong_old_one_are_refused(c, password):
    with pytest.raises(Invalid, match="password_same"):
        access.change_password(c, "admin", password, password)
    with pytest.raises(Invalid, match="password_wrong"):
        access.change_password(c, "admin", "no", GOOD)


def test_lock_after_failures_survives_a_restart_and_opens_in_time(settings, engine):
    with db.writing(engine) as c:
        password = access.first_admin(c) or ""
    for n in range(1, MAX_FAILURES + 1):
        with db.writing(engine) as c:
            found = refused(c, "admin", "wrong", T0)
        assert found.key == ("login_locked" if n == MAX_FAILURES else "login_failed")
    engine.dispose()
    with db.writing(db.engine(settings.home)) as c:
        assert refused(c, "admin", password, T0 + LOCK_S - 61).args == {"minutes": 2}
        assert enters(c, "admin", password, T0 + LOCK_S)["failures"] == 0
        assert [row["action"] for row in audit.recent(c)][:2] == ["login", "login_locked"]


def test_success_forgets_earlier_failures(c, password):
    for _ in range(2):
        for _ in range(MAX_FAILURES - 1):
            access.login(c, "admin", "wrong")
        assert enters(c, "admin", password)["name"] == "admin"


def test_unknown_name_and_wrong_password_look_alike(c, password):
    assert refused(c, "nobody", "x") == refused(c, "admin", "x") == FieldError("", "login_failed")


def test_reset_lifts_a_lock(c, password):
    for _ in range(MAX_FAILURES):
        access.login(c, "admin", "wrong")
    assert enters(c, "admin", access.reset(c, "admin", "me"))["must_change"] == 1
    with pytest.raises(Invalid, match="no_such_user"):
        access.reset(c, "nobody", "me")


def test_one_time_passwords_meet_the_policy_and_differ():
    made = {one_time() for _ in range(50)}
    assert len(made) == 50
    assert not any(access.check_policy(each, "") for each in made)


# ---- devices


def test_secret_is_made_once_and_private(settings):
    assert Settings.load(settings.home).secret == settings.secret
    assert stat.S_IMODE((settings.home / "secret").stat().st_mode) == 0o600
    (settings.home / "secret").write_text("garbage")
    with pytest.raises(ValueError, match="not a secret"):
        Settings.load(settings.home)


def test_identity_holds_derived_keys(settings, c):
    found = provisioning.identity(settings, c, "T1", Broker(host="h", port=1))
    master = bytes.fromhex(settings.secret)
    assert found["keys"] == {role: derive(master, "T1", role).hex() for role in ("operator", "approver")}
    assert found["broker"] == {
        "host": "h",
        "port": 1,
        "user": "T1",
        "password": settings.broker_password("T1"),
    }
    assert found["keys"]["operator"] != found["keys"]["approver"]
    assert settings.broker_password("T1") != settings.broker_password("T2")


@pytest.mark.parametrize(
    ("device", "facts", "key"),
    [
        ("T1", {}, "device_taken"),
        ("a/b", {}, "bad_device_id"),
        ("", {}, "bad_device_id"),
        ("x" * 25, {}, "bad_device_id"),
        ("station", {}, "bad_device_id"),
        ("T3", {"shard": "xyz"}, "bad_shard"),
        ("T3", {"meter_address": "12"}, "bad_meter_address"),
        ("T3", {"meter_address": "１２３４５６７８９０１２"}, "bad_meter_address"),
        ("T3", {"multiplier": 0}, "out_of_range"),
        ("T3", {"rounds": 9}, "out_of_range"),
        ("T3", {"name": "n" * 81}, "too_long"),
    ],
)
def test_wrong_device_is_refused(c, device, facts, key):
    with pytest.raises(Invalid, match=key):
        provisioning.add_device(c, device, "me", **facts)


def test_archive_is_put_right_and_audited(c):
    archives.edit(c, "T1", "me", name="Factory", multiplier=160)
    found = devices.get(c, "T1")
    assert (found["name"], found["multiplier"], found["rounds"]) == ("Factory", 160, 3)
    assert audit.recent(c)[0]["detail"] == {"name": "Factory", "multiplier": 160}
    with pytest.raises(Invalid, match="needed"):
        archives.edit(c, "T1", "me", name=" ")


def test_online_is_a_matter_of_age(handler, device, engine):
    handler.take([device.hello(), device.now()])
    with db.reading(engine) as c:
        seen = devices.get(c, "T1")["last_seen_s"]
        fresh = devices.get(c, "T1", seen + devices.OFFLINE_AFTER_S)
        stale = devices.get(c, "T1", seen + devices.OFFLINE_AFTER_S + 1)
        assert (fresh["online"], stale["online"]) == (True, False)
        assert fresh["alarms"] == []
        assert stale["alarms"] == ["offline"]
        assert devices.get(c, "T2")["alarms"] == ["never_seen"]


def test_alarms_come_from_the_live_state(handler, device, engine):
    handler.take(
        [device.hello(t_ok=0, multiplier=1), device.now(t_ok=0, alarm=1, tripped=2, meter_ok=0, guarantee=2)]
    )
    with db.reading(engine) as c:
        assert devices.get(c, "T1")["alarms"] == [
            "round_alarm",
            "tripped",
            "meter_silent",
            "guarantee_unreadable",
            "clock_unset",
            "multiplier_differs",
        ]
