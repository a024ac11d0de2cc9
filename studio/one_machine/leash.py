"""Becomes another program that ends with its parent: `python leash.py SIGNAL PARENT UID:GID PROGRAM …`.

A program of its own, and not code between fork and exec, because the supervisor has threads. The order is
the point: the kernel forgets a parent-death signal when a process changes its user. Runs with the standard
library alone, since it becomes the program before anything else is imported.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Change the user, ask for the signal, become the program."""
    signal_number, parent, account, *command = sys.argv[1:]
    if account != "-":
        uid, gid = account.split(":")
        os.setgroups([])
        os.setgid(int(gid))
        os.setuid(int(uid))
    if sys.platform == "linux":  # nobody else has this; there, the next `up` ends what was left
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal_number))
        if os.getppid() != int(parent):  # it died before we asked
            sys.exit(1)
    try:
        os.execv(command[0], command)  # noqa: S606 - no shell is the point
    except OSError as error:
        sys.exit(f"{command[0]} cannot run: {error}")


if __name__ == "__main__":
    main()
