"""Ed25519 (RFC 8032), verification only, in integers. Public data only, so it need not run in constant time.

Stricter than the RFC asks: besides a scalar that is not reduced and a point that is not written in the one
canonical way, a key or a commitment of small order is refused, with which one signature fits many messages.
"""

from protocols.sha512 import sha512

P = (1 << 255) - 19
L = (1 << 252) + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
_ROOT = pow(2, (P - 1) // 4, P)  # of -1
_BASE = (
    0x216936D3CD6E53FEC0A4E231FDD6DC5C692CC7609525A7B2C9562D608F25D51A,
    0x6666666666666666666666666666666666666666666666666666666666666658,
)


def _extended(x, y) -> tuple:
    """(X, Y, Z, T) with x = X / Z, y = Y / Z, x * y = T / Z."""
    return x, y, 1, x * y % P


def _add(p, q) -> tuple:
    """Complete for all points: also of one to itself (RFC 8032 section 5.1.4)."""
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c = 2 * p[3] * q[3] * D % P
    d = 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


_NEUTRAL = (0, 1, 1, 0)


def _is_small(point) -> bool:
    """Of an order that divides 8."""
    for _ in range(3):
        point = _add(point, point)
    return point[0] % P == 0 and (point[1] - point[2]) % P == 0


def _decode(data):
    """The point (x, y), None when the bytes are no canonical form of one."""
    n = int.from_bytes(data, "little")
    y, odd = n & (1 << 255) - 1, n >> 255
    if y >= P:
        return None
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if v * x * x % P == P - u and u:
        x = x * _ROOT % P
    if v * x * x % P != u or (x == 0 and odd):
        return None
    return (P - x if x & 1 != odd else x), y


def _encode(point) -> bytes:
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _twice(n, p, m, q) -> tuple:
    """n * p + m * q, with one chain of doublings for both."""
    both = _add(p, q)
    out = _NEUTRAL
    for bit in range(255, -1, -1):
        out = _add(out, out)
        wanted = n >> bit & 1 | (m >> bit & 1) << 1
        if wanted:
            out = _add(out, (p, q, both)[wanted - 1])
    return out


def verify(key, message, signature) -> bool:
    """Whether `signature` (64 bytes) of `message` was made with the secret of `key` (32 bytes)."""
    if len(key) != 32 or len(signature) != 64:
        return False
    r, s = bytes(signature[:32]), int.from_bytes(signature[32:], "little")
    point = _decode(key)
    if point is None or s >= L:
        return False
    negative = _extended(P - point[0], point[1])
    h = int.from_bytes(sha512(r + bytes(key) + bytes(message)), "little") % L
    commitment = _twice(s, _extended(*_BASE), h, negative)
    return not _is_small(negative) and not _is_small(commitment) and _encode(commitment) == r
