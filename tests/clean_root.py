"""`python -m tests.clean_root WORK`: the Dockerfile's steps in clean roots of Debian's packages.

For a machine without a container engine: as root, with `debootstrap`. Each stage begins as a copy
of a fresh Debian with Python, in place of the image that `FROM` names; COPY, RUN, ENV, ARG, WORKDIR
and USER do what they do in a build. At the end the program runs as the image's user: it prints its
help, draws a picture, and refuses to start without a token. Takes minutes, some gigabytes and the
network. pip gets the same environment variables inside as outside.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
_PACKAGES = "python3,python3-venv,ca-certificates"
#: Environment variables that concern fetching packages.
_FETCHING = re.compile(r"PIP_\w+|\w*(CERT|CA)_(FILE|DIR|BUNDLE)|\w+_proxy|\w+_PROXY")
#: The certificates that pip trusts.
_BUNDLE = "etc/ssl/certs/ca-certificates.crt"
#: Files of this machine that pip reads.
_CONFIGURATION = ("etc/pip.conf", "etc/xdg/pip", "etc/resolv.conf", "etc/hosts", _BUNDLE)


@dataclass(slots=True)
class Stage:
    """A root, with the state that its instructions have set."""

    root: Path
    variables: dict[str, str] = field(default_factory=dict[str, str])
    directory: str = "/"
    user: str = "root"

    def run(self, command: Sequence[str], **more: str) -> int:
        """Run a command inside; return its exit code."""
        variables = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin", "HOME": "/tmp"}  # noqa: S108  inside
        fetching = {k: v for k, v in os.environ.items() if _FETCHING.fullmatch(k)}
        inside = ["env", "-i", *(f"{k}={v}" for k, v in self._merge(variables, fetching, more))]
        shell = f"cd {shlex.quote(self.directory)} && exec {shlex.join([*inside, *command])}"
        user = [] if self.user == "root" else [f"--userspec={self.user}"]
        outer = ["chroot", *user, str(self.root), "/bin/sh", "-c", shell]
        return subprocess.run(outer, check=False).returncode

    def _merge(self, *sources: dict[str, str]) -> list[tuple[str, str]]:
        together: dict[str, str] = {}
        for source in (*sources, self.variables):
            together |= {k: v.replace("$PATH", together.get("PATH", "")) for k, v in source.items()}
        return list(together.items())

    def path(self, inside: str) -> Path:
        return self.root / os.path.normpath(os.path.join("/", self.directory, inside)).lstrip("/")  # noqa: PTH118  of another root


def main() -> int:
    """Return exit code 0 if every step and every check did what it should."""
    parser = argparse.ArgumentParser(prog="python -m tests.clean_root", description=__doc__)
    parser.add_argument("work", type=Path, help="an empty folder for the roots")
    parser.add_argument("--base", type=Path, help="a root that debootstrap has made already")
    parser.add_argument("--suite", default="bookworm")
    parser.add_argument("--mirror", default="http://deb.debian.org/debian")
    parser.add_argument("--bind", type=Path, nargs="*", default=[], help="folders that pip needs")
    options = parser.parse_args()
    base = options.base or _make_debian(options.work / "base", options.suite, options.mirror)
    stages: list[Stage] = []
    with ExitStack() as stack:
        for word, rest in instructions((ROOT / "Dockerfile").read_text()):
            if word == "FROM":
                root = _copy(base, options.work / f"stage-{len(stages)}")
                stack.enter_context(_mounted(root, options.bind))
                stages.append(Stage(root))
            else:
                _execute(word, rest, stages)
        return _run_program(stages[-1])


def instructions(text: str) -> Iterator[tuple[str, str]]:
    """The instructions of a Dockerfile, with continued lines joined."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        if line.strip():
            word, _, rest = line.partition(" ")
            yield word, rest


def _execute(word: str, rest: str, stages: list[Stage]) -> None:
    stage = stages[-1]
    print(f"{word} {rest}", flush=True)
    match word:
        case "WORKDIR":
            stage.directory = rest
            stage.path(".").mkdir(parents=True, exist_ok=True)
        case "USER":
            stage.user = rest
        case "ENV":
            stage.variables |= dict(pair.split("=", 1) for pair in shlex.split(rest))
        case "ARG":
            stage.variables |= {rest: os.environ[rest]} if os.environ.get(rest) else {}
        case "RUN":
            if code := stage.run(["/bin/sh", "-c", rest]):
                sys.exit(f"exit code {code}")
        case "COPY":
            _copy_in(rest.split(), stages)
        case _:
            pass


def _copy_in(words: list[str], stages: list[Stage]) -> None:
    first, *names = words
    if first == "--from=build":
        source, target = names
        shutil.move(stages[0].path(source), stages[-1].path(target))
        return
    *sources, target = words
    for name in sources:
        destination = stages[-1].path(target)
        if (ROOT / name).is_dir():
            ignore = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, destination, dirs_exist_ok=True, ignore=ignore)
        else:
            shutil.copy(ROOT / name, destination)


def _run_program(image: Stage) -> int:
    """Run the program as the image starts it, on a folder that the image's user owns."""
    tries = {
        ("python", "-m", "bot", "--help"): 0,
        ("python", "-m", "models", "check", "embedded"): 0,
        ("python", "-m", "models", "draw", "1girl", "--steps", "4", "-o", "/data/drawn.png"): 0,
        ("python", "-m", "bot", "health"): 1,
        # There is no token.
        ("python", "-m", "bot", "doctor"): 1,
        ("python", "-m", "bot"): 2,
    }
    codes = {command: image.run(command) for command in tries}
    for command, code in codes.items():
        print(f"{' '.join(command)}: exit code {code}, {tries[command]} is right", flush=True)
    return int(codes != tries)


def _make_debian(root: Path, suite: str, mirror: str) -> Path:
    subprocess.run(
        ["debootstrap", "--variant=minbase", f"--include={_PACKAGES}", suite, str(root), mirror],
        check=True,
    )
    return root


def _copy(base: Path, root: Path) -> Path:
    subprocess.run(["cp", "-a", "--reflink=auto", str(base), str(root)], check=True)
    (root / "usr/local/bin/python").symlink_to("/usr/bin/python3")
    for name in _CONFIGURATION:
        source, target = Path("/") / name, root / name
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True, symlinks=True)
        elif source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    return root


@contextmanager
def _mounted(root: Path, binds: Sequence[Path]) -> Iterator[None]:
    """Mount what a process needs: /proc, the devices, the folders that pip reads."""
    targets = [root / "proc", root / "dev", *(root / bind.relative_to("/") for bind in binds)]
    sources = [["-t", "proc", "proc"], ["--bind", "/dev"], *(["--bind", str(b)] for b in binds)]
    done: list[Path] = []
    try:
        for source, target in zip(sources, targets, strict=True):
            target.mkdir(parents=True, exist_ok=True)
            subprocess.run(["mount", *source, str(target)], check=True)
            done.append(target)
        yield
    finally:
        for target in reversed(done):
            subprocess.run(["umount", str(target)], check=False)


if __name__ == "__main__":
    sys.exit(main())
