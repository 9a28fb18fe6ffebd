"""Flash as an image file with littlefs2 on it: killing the process cuts the power, a restart is a reboot."""

import errno
import os

import vfs

BLOCK = 4096
MOUNT = "/flash"
CORRUPT = 84  # LFS_ERR_CORRUPT: no file system, or none that can be read
BLANK = b"\xff" * 128  # written 32 times a block: a whole one would lie in the heap for good
READ = PROG = LOOKAHEAD = 32


class ImageDevice:
    """Block device of the extended protocol. It allocates nothing: littlefs may call with the heap locked."""

    def __init__(self, path, size):
        self._count = size // BLOCK
        try:
            self._f = open(path, "r+b")
        except OSError as e:
            if e.errno != errno.ENOENT:
                raise
            self._f = open(path, "w+b")
        for _ in range(self._f.seek(0, 2) // BLOCK, self._count):
            self._write_blank()

    def _write_blank(self):
        for _ in range(BLOCK // len(BLANK)):
            self._f.write(BLANK)

    def blank(self) -> bool:
        """Whether nothing was ever written, or all of it erased."""
        piece = bytearray(len(BLANK))
        self._f.seek(0)
        for _ in range(self._count * BLOCK // len(BLANK)):
            self._f.readinto(piece)
            if piece != BLANK:
                return False
        return True

    def readblocks(self, n, buf, offset=0):
        self._f.seek(n * BLOCK + offset)
        self._f.readinto(buf)

    def writeblocks(self, n, buf, offset=0):
        self._f.seek(n * BLOCK + offset)
        self._f.write(buf)

    def ioctl(self, op, arg):
        if op == 3:
            self._f.flush()  # write and fsync
        elif op == 4:
            return self._count
        elif op == 5:
            return BLOCK
        elif op == 6:
            self._f.seek(arg * BLOCK)
            self._write_blank()
        return 0


class Flash:
    """`lost`: the last mount found a flash in use but no file system to read, so what was kept is gone.

    False after the first use of a blank one. True too when that first formatting was cut off: no telling them
    apart. Not kept: the next start finds a good file system, so whoever cares must store it.
    """

    def __init__(self, path, size):
        self._path, self._size = path, size
        self.lost = False

    def mount(self) -> str:
        """Mount, after formatting where there is no file system yet; return the folder to work in.

        OSError for any other fault: a flash that cannot be read now is not a reason to wipe it.
        """
        device = ImageDevice(self._path, self._size)
        try:
            fs = self._open(device)
        except OSError as e:
            if e.errno != CORRUPT:
                raise
            self.lost = not device.blank()
            vfs.VfsLfs2.mkfs(device, readsize=READ, progsize=PROG, lookahead=LOOKAHEAD)  # type: ignore
            fs = self._open(device)
        vfs.mount(fs, MOUNT)
        return MOUNT

    def _open(self, device):
        return vfs.VfsLfs2(device, readsize=READ, progsize=PROG, lookahead=LOOKAHEAD, mtime=False)

    def free(self) -> int:
        """Bytes not in use by files."""
        stat = os.statvfs(MOUNT)
        return stat[0] * stat[3]
