"""A copy of the scripts and the package whose files may be edited, and the digests of its code."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from purereid.networks.registry import description, system_names

PROGRAM = """
import json, sys
from pathlib import Path
from purereid.digests.code import code_digest
print(json.dumps([code_digest(*map(Path.resolve, map(Path, files))) for files in json.loads(sys.argv[1])]))
"""


class PackageCopy:
    """A copy in a folder."""

    def __init__(self, root: Path, folder: Path):
        self.folder = folder / "workflow_scripts"
        shutil.copytree(root / "workflow_scripts", self.folder, ignore=shutil.ignore_patterns("__pycache__"))

    def files(self, pattern: str) -> list[str]:
        return sorted(path.relative_to(self.folder).as_posix() for path in self.folder.glob(pattern))

    def write(self, file: str, text: str) -> None:
        path = self.folder / file
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def append(self, file: str, text: str) -> None:
        self.write(file, (self.folder / file).read_text(encoding="utf-8") + f"\n{text}\n")

    def edit(self, file: str, old: str, new: str) -> None:
        text = (self.folder / file).read_text(encoding="utf-8")
        assert old in text, (file, old)
        self.write(file, text.replace(old, new, 1))

    def digest(self, script: str, *modules: str, **environment: str) -> str:
        return self._computed([[script, *modules]], environment)[0]

    def digests(self, scripts: list[str]) -> dict[str, str]:
        """Digests of scripts, of trainings with the stages of all systems of their rule."""
        calls = [[script, *self.stages(Path(script).stem)] for script in scripts]
        return dict(zip(scripts, self._computed(calls, {}), strict=True))

    def stages(self, rule: str) -> list[str]:
        """Files of the stages of all systems of a rule."""
        systems = [name for name in system_names() if description(name).rule == rule]
        return [f"purereid/systems/{name}/{stage}.py" for name in systems for stage in description(name).stages]

    def _computed(self, calls: list[list[str]], environment: dict[str, str]) -> list[str]:
        """Digests by the code of the copy, in a new process."""
        command = [sys.executable, "-c", PROGRAM, json.dumps(calls)]
        variables = os.environ | {"PYTHONPATH": str(self.folder)} | environment
        run = subprocess.run(command, cwd=self.folder, env=variables, capture_output=True, encoding="utf-8")
        assert run.returncode == 0, run.stderr
        return json.loads(run.stdout)
