"""The pages of the display: what is known of the terminal in, lines of text out.

Pure: what a page says stands in `<language>.txt` (firmware.front.words), one section a page, title first:

    {field} {field:form}   a value of `facts`; "--" when there is none
    ?line                  left out when one of its values is None, or a 0 that is no amount (forms k and m)
    *list line             the line for each row of a list, with the fields of the row
    !list line             only while the list is empty

Forms: 1..4 decimals of the integer; k thousands, 2 decimals; m 10^-4 yuan, 2 decimals; t month, day and time;
d date; c time of day; s minutes:seconds; r mask as numbers; any other: the word of that number. {#no} is a
point of the main meter (protocols.meters.points) as the meter shows it.
"""

# In the order of the down key. `?`: only while that value is not empty; `*`: one page a row of that list.
PAGES = (
    "overview test?code alarm?alarm permitted?permitted tripped?tripped reminder?reminder message*messages "
    "controls energy guarantee readings points link about"
)
FIRST = "test alarm permitted tripped reminder overview"  # the first there is shows by itself
# Lists a page can name, with the fields of their rows.
LISTS = (
    "trips round control since_s|alarms round control left_s|messages slot kind text|"
    "controls control phase reason group|metering no power_w energy_wh silent_s|"
    "groups group power_w setpoint_w control remaining_wh remaining_yuan_e4 month_wh plan_id last_order"
)
CAUSE = {"message": "messages", "alarm": "alarms", "tripped": "trips"}  # the row a page speaks of
NOT_ENABLED = 40  # protocols.uplink.codes
SHOWN_MS = 60000  # age of a reading that is still shown: slow ones come every half minute
MAX_LINES = 48  # of one page: six screens
NO_LINE_START = "，。、！：；？"


def facts(view) -> dict:
    """All that lines can name, put into the dict that the wiring makes each time a page is drawn:

    outputs (control Outputs); trips [(round, control, local_s)] and alarms [(round, control, seconds left)],
    each last item None when not known; local_s (None: the clock is not trusted), utc_offset_s; messages
    [(slot, important, text)], reminder (text, "" when it does not remind now), code (of a relay test, ""
    without one); latest (get(point number) -> secondary value), multiplier, metering [(no, power_w,
    energy_wh, silent_s)]; linked, heard_s (since the station's last message, None: never); open (contacts or
    None); device, version, board, boot.
    """
    outputs = view["outputs"]
    view.update(_row("groups", outputs.groups[0]))
    view["groups"] = outputs.groups
    view["alarm"], view["permitted"], view["tripped"] = outputs.alarm, outputs.permitted, outputs.tripped
    view["guarantee"], view["excluded"] = outputs.guarantee, outputs.excluded
    until_s = outputs.guarantee_until_s
    view["until_s"] = until_s + view["utc_offset_s"] if until_s else None
    view["clock"] = 0 if view["local_s"] is None else 1
    view["state"] = _state(outputs)
    view["important"] = len([row for row in view["messages"] if row[1]])
    view["controls"] = [row for row in outputs.controls if row[1] or row[2] not in (0, NOT_ENABLED)]
    return view


def _row(many, values):
    """{field: value} of a row of one of LISTS."""
    for text in LISTS.split("|"):
        if text.startswith(many):
            return dict(zip(text.split()[1:], values))
    raise KeyError(many)


def _state(outputs):
    """Number of a `state` word: what matters most."""
    if outputs.alarm:
        return 1
    if outputs.tripped:
        return 2
    return 3 if outputs.permitted else 4 if outputs.guarantee else 0


def visible(found) -> list:
    """[(page, item)] in order; item counts the pages of a list."""
    out = []
    for word in PAGES.split():
        name, _, need = word.partition("?")
        if need and not found[need]:
            continue
        name, _, many = name.partition("*")
        out.extend([(name, item) for item in range(len(found[many]) if many else 1)])
    return out


def first(pages) -> int:
    """Index of the page that shows by itself."""
    names = [name for name, _item in pages]
    return next(names.index(name) for name in FIRST.split() if name in names)


def lines(found, page, words, cells) -> list:
    """One page as UTF-8 lines of at most `cells` half-width cells, the title first."""
    name, item = page
    cause = CAUSE.get(name)
    if cause and item < len(found[cause]):
        found = dict(found)
        found.update(_row(cause, found[cause][item]))
    out, template, at = [], words.section(name), 0
    while at < len(template):
        many, block = _block(template, at)
        at += len(block)
        for values in found[many] if many else ((),):
            row = _row(many, values) if many else found
            for line in block:
                text = fill(line[len(many) + 2 if many else 0 :], row, found, words)
                if text is not None:
                    out += wrap(text, cells)
    return out[:MAX_LINES]


def _block(template, at):
    """(list, its lines) that begin at `at`; ("", one line) of a line that speaks of no list."""
    line = template[at]
    if not line.startswith("*"):
        return "", [line]
    start = line[: line.find(" ") + 1]
    block = []
    while at < len(template) and template[at].startswith(start):
        block.append(template[at])
        at += 1
    return start[1:-1], block


def fill(line, row, found, words):
    """The line with its values, None when it is to be left out."""
    if line.startswith("!"):
        many, _, line = line[1:].partition(" ")
        return None if found[many] else line
    optional = line.startswith("?")
    text = ""
    for piece in line[1 if optional else 0 :].split("{"):
        name, closed, rest = piece.partition("}")
        if not closed:
            text += name
            continue
        name, _, form = name.partition(":")
        if name.startswith("#"):
            value = found["latest"].get(int(name[1:]), SHOWN_MS)
        else:
            value = row.get(name, found.get(name))
        if optional and not value and (value is None or form not in ("k", "m")):
            return None
        text += ("--" if value is None else show(value, form, words)) + rest
    return text


def show(value, form, words) -> str:
    """A value in one of the forms of the head."""
    if not form:
        return str(value)
    if form in "1234":
        return decimals(value, int(form))
    if form == "k":
        return decimals(_cut(value, 10), 2)
    if form == "m":
        return decimals(_cut(value, 100), 2)
    if form == "r":
        return " ".join([str(i + 1) for i in range(16) if value >> i & 1])
    if form == "s":
        return "%d:%02d" % (value // 60, value % 60)
    if form in "tdc":
        year, month, day, hour, minute, second = moment(value)
        if form == "d":
            return "%d-%02d-%02d" % (year, month, day)
        if form == "c":
            return "%02d:%02d:%02d" % (hour, minute, second)
        return "%02d-%02d %02d:%02d" % (month, day, hour, minute)
    return words.word(form, value)


def _cut(value, by):
    """Towards zero: what is not there yet is not shown, a debt not made larger."""
    return value // by if value >= 0 else -(-value // by)


def decimals(value, places) -> str:
    sign, value = ("-", -value) if value < 0 else ("", value)
    ten = 10**places
    return "%s%d.%0*d" % (sign, value // ten, places, value % ten)


def moment(local_s) -> tuple:
    """(year, month, day, hour, minute, second) of local seconds, years counted from March on."""
    days, second = local_s // 86400, local_s % 86400
    days += 719468  # from 0000-03-01 to 1970-01-01
    era, day = days // 146097, days % 146097
    year = (day - day // 1460 + day // 36524 - day // 146096) // 365
    day -= 365 * year + year // 4 - year // 100
    month = (5 * day + 2) // 153
    day -= (153 * month + 2) // 5 - 1
    month += 3 if month < 10 else -9
    year += era * 400 + (1 if month <= 2 else 0)
    return year, month, day, second // 3600, second // 60 % 60, second % 60


def wrap(text, cells) -> list:
    """UTF-8 lines: broken at blanks, or between wide characters; no mark at the beginning of a line.

    On the bytes: MicroPython keeps each character of a text that is taken out by itself for ever.
    """
    data = text.encode()
    out, at = [], 0
    while True:
        end = _line_end(data, at, cells)
        out.append(data[at:end].rstrip())
        at = end
        if at < len(data) and data[at] == 10:
            at += 1
        else:
            while at < len(data) and data[at] == 32:
                at += 1
        if at >= len(data):
            return out


def _line_end(data, at, cells):
    used, i, last, cut = 0, at, at, at
    while i < len(data) and data[i] != 10:
        c = data[i]
        size = 1 if c < 0x80 else 2 if c < 0xE0 else 3 if c < 0xF0 else 4
        wide = 1 if size == 1 else 2
        if used + wide > cells:
            if c == 32:
                return i
            if size == 1:
                return cut if cut > at else i
            return last if last > at and data[i : i + size] in NO_LINE_START.encode() else i
        if size > 1 or c == 32:
            cut = i + size
        last = i
        used += wide
        i += size
    return i
