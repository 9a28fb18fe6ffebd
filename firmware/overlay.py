"""Code that is needed seldom comes, works and leaves; meanwhile its functions take no heap.

    with Overlay():
        from firmware.control import checks

        reason = checks.params(kind, params, rounds)

Every module that was loaded inside leaves at the end, however the block ends. Rules for such a module:
- it is imported in no other way, and keeps nothing: the next visit loads it anew, its globals fresh;
- nothing of it is kept after the block, no function, no object of its classes, or it stays in the heap;
- it may import modules that are always there; what it imports besides leaves with it.
What is loaded inside and stays in use, such as the Reader of a profile, is named in `staying` by `stay`, so
that another visit finds it and does not load it once more, until `leave`.
A visit may await, and another may come and go meanwhile: a module in use stays whole, only its name goes.

Too little heap to load it is a MemoryError out of the import, with nothing changed: the gate refuses the
command, the supervisor starts the task again. The heap is swept first, so that the largest block is there.
"""

import gc
import sys

staying = []


class Overlay:
    def __enter__(self):
        gc.collect()
        self._before = tuple(sys.modules)

    def __exit__(self, _kind, _error, _trace):
        for name in tuple(sys.modules):
            if name not in self._before and name not in staying:
                _forget(name)
        return False


def stay(before):
    """Let all modules stay that are loaded now and were not among `before` (names)."""
    staying.extend([name for name in sys.modules if name not in before])


def leave():
    while staying:
        _forget(staying.pop())


def _forget(name):
    del sys.modules[name]
    package, _dot, last = name.rpartition(".")
    if hasattr(sys.modules.get(package), last):
        delattr(sys.modules[package], last)
