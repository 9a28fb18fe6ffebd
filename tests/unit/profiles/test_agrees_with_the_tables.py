"""DL/T 645 profiles say of an identifier what the items tables say; word orders are the Modbus codec's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols import cbor
from protocols.meters import compile as compiling
from protocols.meters import dlt645_97_items, dlt645_items, interpret
from protocols.meters.points import BY_ALIAS, BY_OBIS, canonical
from station.profiles import files

TABLES = {"dlt645-2007": dlt645_items, "dlt645-1997": dlt645_97_items}
DOCUMENTS = {name: files.read(files.found(name).read_bytes()) for name in files.catalogue()}
READY = {
    name: interpret.Profile(cbor.decode(compiling.encoded(document)))
    for name, document in DOCUMENTS.items()
    if document["link"] in TABLES
}
READS = [(name, index) for name in READY for index in range(READY[name].size)]
RELAY = BY_ALIAS["relay_state"][0]


@pytest.mark.parametrize(("name", "index"), READS)
@given(st.data())
def test_dlt645_profiles_read_as_the_items_tables(name, index, data):
    profile = READY[name]
    size = max(field[1] + field[3] for field in profile.fields(index))
    digits = st.lists(st.integers(0, 99), min_size=size, max_size=size)
    answer = data.draw(digits.map(lambda values: bytes(n // 10 << 4 | n % 10 for n in values)))
    wanted = {}
    for obis, value, scale, _unit in TABLES[profile.link].decode(int(profile.request(index), 16), answer):
        row = BY_OBIS[obis]
        exact = value is None or row[5] == "time"
        wanted[row[0]] = value if exact else canonical(row, value, scale)
    got = profile.decode(index, answer)
    assert {no: got[no] for no in got if no != RELAY or no in wanted} == {
        no: wanted[no] for no in wanted if no in got
    }
    assert set(wanted) - set(got) <= {RELAY}
