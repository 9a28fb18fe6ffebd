"""Flash in memory that loses power, or refuses, at a chosen write. For MicroPython, where littlefs2 is."""

# the stubs ask for a base class that only they have
# pyright: reportArgumentType=false, reportMissingImports=false

import gc

import vfs

BLOCK = 4096
NOTHING, HALF, ALL = 0, 1, 2  # how much of the cut write reaches the medium
EIO, ENOSPC = 5, 28
MOUNT = "/ram"


class Device:
    """`cut_at`: this write is torn and all after it fails. `refuse_at`: this one write fails with EIO."""

    def __init__(self, image):
        self.image = memoryview(image)
        self.count = len(image) // BLOCK
        self.blank = memoryview(b"\xff" * BLOCK)
        self.writes = self.erases = self.written = 0
        self.cut_at = self.refuse_at = 0
        self.mode = NOTHING
        self.dead = False

    def _write(self, at, data):
        if self.dead:
            raise OSError(EIO)
        self.writes += 1
        self.written += len(data)
        if self.writes == self.refuse_at:
            if self.mode == ALL:  # the medium took it and says it did not
                self.image[at : at + len(data)] = data
            raise OSError(EIO)
        if self.writes == self.cut_at:
            size = (0, len(data) // 2, len(data))[self.mode]
            self.image[at : at + size] = data[:size]
            self.dead = True
            raise OSError(EIO)
        self.image[at : at + len(data)] = data

    def readblocks(self, n, buf, offset=0):
        if self.dead:
            raise OSError(EIO)  # the port prints such errors of its finalisers: noise before the last line
        at = n * BLOCK + offset
        buf[:] = self.image[at : at + len(buf)]

    def writeblocks(self, n, buf, offset=0):
        self._write(n * BLOCK + offset, memoryview(buf))

    def ioctl(self, op, arg):
        if op == 4:
            return self.count
        if op == 5:
            return BLOCK
        if op == 6:
            self._write(arg * BLOCK, self.blank)
            self.erases += 1
            self.written -= BLOCK
        return 0


def formatted(blocks):
    image = bytearray(b"\xff" * (blocks * BLOCK))
    vfs.VfsLfs2.mkfs(Device(image), readsize=32, progsize=32, lookahead=32)
    return image


class Power:
    """Mounts a device for the length of a `with`; an OSError of a dead device at the end is the power cut."""

    def __init__(self, image):
        self.device = Device(image)

    def __enter__(self):
        gc.collect()
        vfs.mount(vfs.VfsLfs2(self.device, readsize=32, progsize=32, lookahead=32), MOUNT)
        return self.device

    def __exit__(self, kind, value, trace):
        try:
            vfs.umount(MOUNT)
        except OSError:
            if not self.device.dead:
                raise
        return False
