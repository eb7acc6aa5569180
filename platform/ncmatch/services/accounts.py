"""Which operating-system user the servers run as: PostgreSQL refuses to be root."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from ncmatch.services.errors import ServiceError

UNPRIVILEGED = ("nobody", "daemon")


class Credentials(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class Account:
    """The user for the servers; `switched` when that is not who we are."""

    name: str
    uid: int
    gid: int
    switched: bool

    @classmethod
    def choose(cls) -> "Account":
        """Ourselves, or somebody unprivileged when we are root."""
        if os.geteuid() != 0:
            return cls(name=_own_name(), uid=os.geteuid(), gid=os.getegid(), switched=False)
        for name in UNPRIVILEGED:
            try:
                entry = pwd.getpwnam(name)
            except KeyError:
                continue
            return cls(name=name, uid=entry.pw_uid, gid=entry.pw_gid, switched=True)
        raise ServiceError(
            "PostgreSQL must not run as root, and there is no user called "
            f"{' or '.join(UNPRIVILEGED)} to run it as. Run this as an ordinary user."
        )

    def credentials(self) -> Credentials:
        """Keyword arguments for subprocess that make the child this user."""
        if not self.switched:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        if self.switched:
            os.chown(path, self.uid, self.gid)

    def can_enter(self, folder: Path) -> bool:
        """Asked of the kernel, by going there: modes do not tell the whole truth."""
        return self._succeeds("cd", folder)

    def can_run(self, binary: Path) -> bool:
        return self._succeeds("test -x", binary)

    def _succeeds(self, verb: str, path: Path) -> bool:
        if not self.switched:
            return True
        script = f'{verb} "$1"'
        done = subprocess.run(
            ["/bin/sh", "-c", script, "sh", str(path)],
            cwd="/",
            check=False,
            capture_output=True,
            **self.credentials(),
        )
        return done.returncode == 0


def _own_name() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())
