"""`loadkeeper profile ...` as a person types it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from station.cli.profile import profile as shell


class Shell:
    """In a folder of its own."""

    def __init__(self, home: Path, folder: Path) -> None:
        assert {"push", "roll-back", "on"} <= set(shell.list_commands(None))  # type: ignore[arg-type]
        self.folder = folder
        self._home = ["--home", str(home)]

    def begin(self, *words: Any) -> subprocess.Popen[str]:
        line = [sys.executable, "-m", "station.cli.main", "profile", *map(str, words)]
        pipes: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(line, cwd=self.folder, text=True, **pipes)

    def run(self, *words: Any, code: int = 0, at_home: bool = True) -> str:
        """Standard output and error."""
        running = self.begin(*words, *(self._home if at_home else ()))
        out, err = running.communicate(timeout=300)
        assert running.returncode == code, (words, out, err)
        return out + err

    def signed(self, document: dict[str, Any]) -> str:
        """Sign a profile as its makers do; the file."""
        name = f"{document['id']}-{document['rev']}"
        (self.folder / f"{name}.json").write_text(json.dumps(document), encoding="utf-8")
        self.run("sign", f"{name}.json", "--key", "release.key", at_home=False)
        return f"{name}.lkp"
