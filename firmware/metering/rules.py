"""The rules by which a terminal finds anomalies, as a table; watch.py judges by it.

A row: rule, event code, scope, sense, threshold, recovery, delay_s. What a rule looks at, its unit and its
names stand in protocols/meters/rules.py, which a device need not load; a test holds the two together.
Needed at a start and when the section RULES changes: it visits (firmware/overlay.py).
An anomaly begins when its value is beyond the threshold for delay_s, and ends when it is back behind the
recovery. Defaults are those of DL/T 645 and 698.45 meters where they have the rule.

Scope: p each phase, a the metering point, w the metering point, delay_s is the time it is watched over,
t the terminal (delay as w), m told at the moment, without an end. Rule 44 has its threshold from METERING.
"""

from array import array

OFF = -1  # as delay_s: the rule is switched off
DELAY_MAX_S = 7 * 86400
VALUE_MAX = 1_000_000_000

# all voltages before the phases: while it holds they are not judged by their voltage
_TABLE = (
    "5 10 a < 600 650 60,"
    "1 10 p < 780 850 60,"
    "2 24 p < 780 800 60,"
    "3 24 p > 1200 1180 60,"
    "4 10 p < 600 650 60,"
    "6 9 p < 5 30 60,"
    "7 9 p < 5 30 60,"
    "8 25 p > 1200 1150 60,"
    "9 17 a > 300 250 60,"
    "10 17 a > 900 850 60,"
    "11 17 a > 300 250 60,"
    "12 118 p < -5 -1 60,"
    "13 26 a > 1000 950 900,"
    "14 119 a > 1200 1150 1800,"
    "15 126 a > 1000 950 900,"
    "16 121 a > 1050 1000 60,"
    "17 120 a < 300 350 60,"
    "18 15 p > 500 450 60,"
    "19 15 p > 2000 1800 60,"
    "20 122 a > 200 150 60,"
    "21 11 a > 0 1 60,"
    "22 11 p > 900 850 60,"
    "23 12 a > 300 60 0,"
    "24 30 w > 100 0 900,"
    "25 30 a > 50 0 86400,"
    "26 27 m > 10 0 0,"
    "27 28 w > 2000 2000 900,"
    "28 29 w > 4000 4000 900,"
    "29 118 w > 10 10 86400,"
    "30 13 a > 40 30 60,"
    "31 13 a > 100 80 900,"
    "32 22 t > 20 20 86400,"
    "33 13 a > 0 1 60,"
    "34 33 m > 0 0 0,"
    "35 8 m > 0 0 0,"
    "36 8 m > 0 0 0,"
    "37 8 m > 0 0 0,"
    "38 8 m > 0 0 0,"
    "39 8 m > 0 0 0,"
    "40 37 m > 0 0 0,"
    "41 38 m > 0 0 0,"
    "42 4 m > 0 0 0,"
    "43 31 a > 59 10 0,"
    "44 32 t > 0 1 0,"
    "45 20 m > 0 0 0,"
    "46 0 m > 3000 0 0"
)


def rows():
    """Yield each rule as [rule, code, scope letter, sense letter, threshold, recovery, delay_s]."""
    for line in _TABLE.split(","):
        row: list = line.split(" ")
        for i in (0, 1, 4, 5, 6):
            row[i] = int(row[i])
        yield row


def packed(values):
    """All rules in one array of integers, a rule: head, threshold, recovery, delay_s.

    Head: rule in bits 0..5, event code in 6..12, character of the scope in 13..19, sense > in 20.
    `values`: section RULES of the parameters, whose rows take the place of the table's numbers.
    """
    out = array("i")
    for row in rows():
        for rule, threshold, recovery, delay_s in values["rules"]:
            if rule == row[0]:
                row = row[:4] + [threshold, recovery, delay_s]
        head = row[0] | row[1] << 6 | ord(row[2]) << 13 | (row[3] == ">") << 20
        out.extend(array("i", [head] + row[4:]))
    return out


def wrong(values) -> str:
    """For Parameters.guard: "" or what is wrong with section RULES."""
    known = {row[0]: row[3] for row in rows()}
    for row in values["rules"]:
        rule, threshold, recovery, delay_s = row
        if not all(type(item) is int and -VALUE_MAX <= item <= VALUE_MAX for item in row):
            return "rules holds what is no number"
        sense = known.pop(rule, None)
        if sense is None:
            return "rules has %d, which is unknown or there twice" % rule
        gap = recovery - threshold if sense == "<" else threshold - recovery
        if gap < -1:
            return "recovery of rule %d is beyond its threshold" % rule
        if not OFF <= delay_s <= DELAY_MAX_S:
            return "delay_s of rule %d is out of its range" % rule
    return ""
