"""What every framer promises on a bad line. `draw`: hypothesis' data().draw."""

from hypothesis import strategies as st


def cuts(draw, data, most=4) -> list:
    return draw(st.lists(st.integers(0, len(data)), max_size=most))


def fed(framer, data, at) -> list:
    """Frames of the data, fed in pieces that end at these places."""
    out, begin = [], 0
    for end in [*sorted(at), len(data)]:
        out += framer.feed(data[begin:end])
        begin = end
    return out


def every_split_gives(frames, framer, stream, draw) -> None:
    assert fed(framer, stream, cuts(draw, stream, 6)) == frames
    assert (framer.bad, framer.skipped, framer.quiet()) == (0, 0, [])


def found_behind_noise(frame, framer, noise, wire, draw) -> None:
    stream = noise + wire
    found = fed(framer, stream, cuts(draw, stream)) + framer.quiet()
    assert found[-1] == frame
    assert framer.skipped <= len(noise)


def damage_ends_with_its_frame(first, second, framer, wires, draw) -> None:
    """`wires`: bytes of both frames; one byte of the first arrives changed."""
    hurt = bytearray(wires[0])
    hurt[draw(st.integers(0, len(hurt) - 1))] ^= draw(st.integers(1, 255))
    found = framer.feed(bytes(hurt) + wires[1]) + framer.quiet()
    assert found[-1] == second
    assert first not in found[:-1], "a frame with a changed byte was taken"


def holds_little(framer, pieces, most) -> None:
    for piece in pieces:
        framer.feed(piece)
        assert len(framer._held) < most
    framer.quiet()
    assert framer._held == b""
