"""The numbers written out for the heap's sake are those of the contract."""

from firmware.control import reasons
from protocols.uplink.codes import REASONS


def test_every_reason_has_the_number_of_the_contract():
    written = {name: value for name, value in vars(reasons).items() if name.isupper()}
    assert written
    assert written == {name: no for no, word in REASONS.items() for name in [word.upper()] if name in written}
