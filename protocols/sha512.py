"""SHA-512 (FIPS 180-4), which MicroPython's hashlib does not have. For the few hundred bytes of a signature.

The constants are what the standard says they are: the first 64 bits of the fractional parts of the cube and
square roots of the first 80 and 8 primes.
"""

from array import array

_MASK = (1 << 64) - 1
_BLOCK = 128


def _root(n, power) -> int:
    """The integer root of n, by Newton's method from above."""
    x = 1 << 80
    while True:
        better = ((power - 1) * x + n // x ** (power - 1)) // power
        if better >= x:
            return x
        x = better


def _constants() -> tuple:
    """(start value, 80 round constants)."""
    primes = []
    n = 2
    while len(primes) < 80:
        if all([n % p for p in primes]):
            primes.append(n)
        n += 1
    start = [_root(p << 128, 2) & _MASK for p in primes[:8]]
    rounds = array("Q")  # a list of such integers takes a device 5 KB
    for p in primes:
        rounds.append(_root(p << 192, 3) & _MASK)
    return start, rounds


def _turn(x, n) -> int:
    return (x >> n | x << 64 - n) & _MASK


def _compress(state, block, constants) -> list:
    w = array("Q", [int.from_bytes(block[at : at + 8], "big") for at in range(0, _BLOCK, 8)])
    for t in range(16, 80):
        x, y = w[t - 15], w[t - 2]
        low = _turn(x, 1) ^ _turn(x, 8) ^ x >> 7
        high = _turn(y, 19) ^ _turn(y, 61) ^ y >> 6
        w.append((w[t - 16] + low + w[t - 7] + high) & _MASK)
    a, b, c, d, e, f, g, h = state
    for t in range(80):
        one = h + (_turn(e, 14) ^ _turn(e, 18) ^ _turn(e, 41)) + (e & f ^ ~e & g) + constants[t] + w[t]
        two = (_turn(a, 28) ^ _turn(a, 34) ^ _turn(a, 39)) + (a & b ^ a & c ^ b & c)
        a, b, c, d, e, f, g, h = (one + two) & _MASK, a, b, c, (d + one) & _MASK, e, f, g
    return [(x + y) & _MASK for x, y in zip(state, (a, b, c, d, e, f, g, h))]


def sha512(data) -> bytes:
    state, constants = _constants()
    size = len(data)
    padded = bytes(data) + b"\x80" + bytes((-size - 17) % _BLOCK) + (8 * size).to_bytes(16, "big")
    for at in range(0, len(padded), _BLOCK):
        state = _compress(state, padded[at : at + _BLOCK], constants)
    return b"".join([word.to_bytes(8, "big") for word in state])
