"""Print the timelines of rehearsals in their plain form, on either runtime: `run.py [--restart] FILE.json...`

MICROPYPATH=<repo root>:.frozen micropython tests/vectors/control/run.py 01-period-control.json
With --restart the core's memory goes through its journal form before every single step.
"""

import json
import sys

from station.rehearsal.engine import line, run


def main(arguments):
    restart = "--restart" in arguments
    for path in arguments[restart:]:
        with open(path) as file:
            plain = json.load(file)
        print(path.rpartition("/")[2])
        for row in run(plain, restart):
            print(line(row))


if __name__ == "__main__":
    main(sys.argv[1:])
