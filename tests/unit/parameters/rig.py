"""What the gate and time do to a configuration."""

from firmware.parameters import TRIAL_S, Parameters
from protocols.uplink.codes import REASON_NO
from protocols.uplink.parameters import METERING


def restarted(kv):
    """As after a power cut: what flash holds is read anew."""
    kv.close()
    kv.open()
    return Parameters(kv)


def change(settings, kv, section, version, values, reason=""):
    """What the gate does with a command: judge, journal, commit."""
    got, entries, commit = settings.apply({"section": section, "version": version, "values": values})
    assert got == REASON_NO[reason or "none"], settings.error
    if commit:
        assert not got
        kv.put(entries)
        commit()
    return settings


def proven(kv, section=METERING, version=1, values=None):
    settings = change(Parameters(kv), kv, section, version, values or {1: 60})
    for _ in range(TRIAL_S):
        settings.tick()
    return settings
