"""What is done with a vector of STS."""

from protocols import sts


def check(case):
    found = sts.check(case["text"])
    return [[key, found[key]] for key in sorted(found)]


DO = {"check": check}
