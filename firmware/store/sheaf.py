"""Records that count together: one file, written beside as `new`, flushed, renamed; the last is empty"""

import os

from firmware.store import record
from firmware.store.record import StoreError

MOST = 65535  # bytes of a record


def save(path, name, rows) -> None:
    """`rows`: [(sequence, payload)], no payload empty. After a cut all are new or all old. StoreError."""
    new = path + "/new"
    try:
        record.folder(path)
        with open(new, "wb") as f:
            for seq, payload in rows:
                f.write(record.pack(seq, payload))
            f.write(record.pack(0, b""))
            f.flush()
        os.rename(new, path + "/" + name)
    except OSError as e:
        raise StoreError(record.reason(e)) from None


def load(path, name) -> list:
    """What was saved last; [] where nothing whole stands."""
    out = []
    try:
        with open(path + "/" + name, "rb") as f:
            row = record.read(f, MOST)
            while row is not None and row[0] == record.GOOD:
                if not row[2]:
                    return out
                out.append(row[1:])
                row = record.read(f, MOST)
    except OSError:
        pass
    return []
