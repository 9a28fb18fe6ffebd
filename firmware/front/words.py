"""The language of the display: `<language>.txt`, read from flash when something of it is shown.

A section is `=name` and the lines below it; a word of a number is a line `form7 text` of the last section.
The file begins and ends with a line break. Next to nothing of it is kept, and looking something up makes
little garbage: a page is drawn every second for years.
"""

CHUNK = 512
MARK_MAX = 32  # bytes of a mark
FOLDER = __file__.rsplit("/", 1)[0] + "/"


class Words:
    def __init__(self, language):
        self._path = FOLDER + language + ".txt"
        self._buffer = bytearray(MARK_MAX + CHUNK)
        self._piece = memoryview(self._buffer)[MARK_MAX:]
        self._name, self._lines = "", []  # the last section: a page is drawn many times
        with open(self._path, "rb") as f:
            first = self._after(f, 0, "\n=words\n")
            self._words_at = f.tell() - len(first) - 1  # the line break in front of the first word

    def section(self, name) -> list:
        """The lines of a section; [] when there is none."""
        if name != self._name:
            lines = []
            with open(self._path, "rb") as f:
                line = self._after(f, 0, "\n=" + name + "\n")
                while line and not line.startswith(b"="):
                    lines.append(line.decode().rstrip("\n"))
                    line = f.readline()
            self._name, self._lines = name, lines
        return self._lines

    def word(self, form, number) -> str:
        """The text of that number, the number itself when it has none."""
        with open(self._path, "rb") as f:
            line = self._after(f, self._words_at, "\n%s%d " % (form, number))
        return line.decode().rstrip("\n") if line else str(number)

    def _after(self, f, start, mark):
        """What stands behind `mark`, from `start` on, up to the end of its line; b"" when it is not there."""
        mark = mark.encode()
        buffer = self._buffer
        f.seek(start)
        begin = MARK_MAX  # before it stands the end of the last piece, where a mark may begin
        while True:
            count = f.readinto(self._piece)
            if not count:
                return b""
            at = buffer.find(mark, begin, MARK_MAX + count)
            if at >= 0:
                f.seek(start + at - MARK_MAX + len(mark))
                return f.readline()
            start += count
            begin = max(0, begin - count)
            buffer[:MARK_MAX] = buffer[count : count + MARK_MAX]
