"""Reads the recorded meters of a JSON file through the protocols' Readers and the compiled profiles.

MICROPYPATH=<repo root>:.frozen micropython tests/unit/profiles/scene.py FILE
"""

import json
import sys
from binascii import unhexlify

from protocols import cbor
from protocols.meters import interpret, links, replay


def read(name, case):
    """Raises when a request differs from the recorded one or a value from what the meter was given."""
    profile = interpret.Profile(cbor.decode(unhexlify(case["profile"])))
    module = links.reader(case["link"])
    reader = module.Reader(case["address"], profile.options)
    count = 0
    for index, heard, wanted in case["reads"]:
        exchanges = [(unhexlify(request), unhexlify(answer)) for request, answer in heard]
        answer = replay.answer_of(reader.read(profile.request(index)), reader, exchanges)
        got = {str(no): value for no, value in profile.decode(index, answer).items()}
        assert got == wanted, (name, profile.request(index), got, wanted)
        count += len(got)
    print(name, count, "points")


if __name__ == "__main__":
    with open(sys.argv[1]) as file:
        told = json.load(file)
    for name in sorted(told):
        read(name, told[name])
