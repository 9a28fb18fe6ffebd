"""Run the golden vectors of line protocols on CPython or MicroPython; exit code 1 when one differs.

MICROPYPATH=<repo root>:.frozen micropython tests/vectors/lines/run.py NAME...
NAME.json holds the cases, NAME.py beside it says with DO = {verb: function(case)} what is done with one.
"""

import json
import sys

from protocols.lines.refused import Refused
from tests.vectors.run import shown


def run(case, verbs):
    """'' when the case holds, else what came instead."""
    try:
        got = {"want": shown(verbs[case["do"]](case))}
    except Refused as error:
        got = {"error": error.reason}
    return "" if all(case.get(key) == value for key, value in got.items()) else str(got)


def main(folder, names):
    failed = 0
    for name in names:
        verbs = __import__("tests.vectors.lines." + name, None, None, ("DO",)).DO
        with open(folder + "/" + name + ".json") as file:
            cases = json.load(file)
        for case in cases:
            trouble = run(case, verbs)
            failed += trouble != ""
            if trouble:
                print(name, case["name"], "gave", trouble)
        print(name, len(cases), "vectors")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(__file__.rpartition("/")[0] or ".", sys.argv[1:]))
