"""Long fuzzing of one target with atheris: `python tests/fuzz/run.py NAME [-max_total_time=600 ...]`.

Atheris is no dependency: `pip install atheris==3.0.0` first. The suite runs the targets briefly without it.
"""

import importlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))


def main() -> None:
    import atheris  # pyright: ignore

    name, *options = sys.argv[1:]
    with atheris.instrument_imports(include=["protocols"]):  # pyright: ignore
        target = importlib.import_module(f"tests.fuzz.{name}")
    atheris.Setup([sys.argv[0], *options], target.one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
