"""Files that are either whole or not there.

A result is written under a hidden temporary name in its own folder and renamed when it is complete, so
that a reader never meets half a film and a killed process leaves nothing under the real name.
"""

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reelhouse.errors import DiskFull, MediaError

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def written(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`: renamed to it when the block ends well, removed when it does not.

    The folder is made if it is missing.

    Raises:
        DiskFull: there was no room for the file.
        MediaError: the folder or file could not be written.
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
        os.replace(part, path)
    except OSError as error:
        # An error about some other file is the caller's own and passes through.
        if error.errno in _NO_ROOM or error.filename in (None, str(part), str(path), str(path.parent)):
            raise cannot_write(path, error) from error
        raise
    finally:
        # Where a file stands in the folder's place, the error above says so better.
        with contextlib.suppress(NotADirectoryError):
            part.unlink(missing_ok=True)


def cannot_write(path: Path, error: OSError) -> MediaError:
    """The error to raise for an `OSError` met while writing `path`."""
    if error.errno in _NO_ROOM:
        return DiskFull(f"no room to write {path}: {error.strerror}. Free some space and try again.")
    return MediaError(f"cannot write {path}: {error.strerror or error}")
