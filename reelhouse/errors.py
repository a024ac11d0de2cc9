"""The error tree: every failure that Reelhouse explains to a person.

    ReelhouseError
    ├── InputError            what was handed in cannot be used: change it            exit 2
    │   └── StoryboardError   … and the file, line and key are known
    ├── EngineError           a model could not make what was asked                  exit 1
    ├── MediaError            ffmpeg, a picture or a sound file failed               exit 1
    │   └── DiskFull          no room for the result                                 exit 1
    ├── StoreError            an artifact could not be kept or found                 exit 1
    │   ├── ArtifactMissing   no bytes under that name
    │   └── ArtifactCorrupt   the bytes do not have the SHA-256 they are named by
    ├── LineageError          the record cannot be read or written as asked          exit 1
    ├── ServiceUnavailable    a database, store or endpoint did not answer           exit 3, retried
    ├── LeaseLost             another process took the step over                     exit 3, retried
    ├── StepQuarantined       a step's processes died again and again                exit 1
    ├── ApprovalPending       a person must look before the film is finished         exit 4
    ├── Rejected              a person looked and refused                            exit 1
    └── Cancelled             a person stopped the work                              exit 130

A message says what was wanted, what was found and what to do next. `retryable` says whether the same
call may succeed later; task retries read nothing else. Foreign exceptions are translated where they are
called, with the cause chained.
"""

from pathlib import Path
from typing import ClassVar


class ReelhouseError(Exception):
    """A failure with a message meant for the person who can act on it."""

    retryable: ClassVar[bool] = False
    exit_code: ClassVar[int] = 1


class InputError(ReelhouseError):
    """Something handed in cannot be used as it is."""

    exit_code = 2


class StoryboardError(InputError):
    """A storyboard cannot be used; the message begins with the file and, where known, the line."""

    def __init__(self, problem: str, *, file: Path | None = None, line: int | None = None) -> None:
        where = f"{file}:{line}: " if file and line else f"{file}: " if file else ""
        super().__init__(where + problem)
        self.problem = problem
        self.file = file
        self.line = line


class EngineError(ReelhouseError):
    """A video engine, segmenter or prompt expander could not make what was asked."""


class MediaError(ReelhouseError):
    """A picture, sound or video could not be read or written; ffmpeg's own words are in the message."""


class DiskFull(MediaError):
    """There was no room left for a result; nothing was kept of it."""


class StoreError(ReelhouseError):
    """The artifact store could not do what was asked."""


class ArtifactMissing(StoreError):
    """No bytes are stored under the artifact's name."""


class ArtifactCorrupt(StoreError):
    """Stored bytes do not have the SHA-256 they are named by."""


class LineageError(ReelhouseError):
    """The lineage database does not hold, or cannot take, what was asked."""


class ServiceUnavailable(ReelhouseError):
    """A database, store or endpoint did not answer; the same call may succeed later."""

    retryable = True
    exit_code = 3


class LeaseLost(ReelhouseError):
    """Another process took the step over, or finished it: what was made here is dropped."""

    retryable = True
    exit_code = 3


class StepQuarantined(ReelhouseError):
    """A step is not tried again by itself, since the processes that tried it died."""


class ApprovalPending(ReelhouseError):
    """A film waits for a person's decision on its takes, or on a draft of it.

    Attributes:
        render_id: the render that waits.
        sheet: the artifact id of their contact sheet.
    """

    exit_code = 4

    def __init__(self, message: str, *, render_id: str, sheet: str) -> None:
        super().__init__(message)
        self.render_id = render_id
        self.sheet = sheet


class Rejected(ReelhouseError):
    """A person, or nobody in time, refused a film's takes or its draft; they are kept."""


class Cancelled(ReelhouseError):
    """A person stopped the work; what was finished is kept and the next run resumes there."""

    exit_code = 130
