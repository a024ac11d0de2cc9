"""The newest look at what is being denoised, as a picture file that updates while a film is rendered."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from reelhouse.media.pictures import save_png
from studio.console import err
from tasks.listeners import heard_by
from tasks.previews import enlarged
from tasks.progress import StepElsewhere, StepEvent, StepProgressed
from tasks.workbench import Workbench

NAME = "preview.png"
EVERY_S = 1.0


@contextmanager
def previewed(bench: Workbench, folder: Path) -> Iterator[None]:
    """Keep `preview.png` in the film's folder current while the block runs; gone afterwards."""
    file = PreviewFile(folder / NAME)
    try:
        with heard_by(bench, file):
            yield
    finally:
        file.path.unlink(missing_ok=True)


@dataclass(eq=False)
class PreviewFile:
    """A listener that draws at most one picture a second, and says once where it is."""

    path: Path
    _drawn_at: float | None = None
    _lock: Lock = field(default_factory=Lock)

    def __call__(self, event: StepEvent) -> None:
        """Draw the event's preview, if it has one and it is time."""
        if not isinstance(event, StepProgressed | StepElsewhere) or event.preview is None:
            return
        with self._lock:
            now = time.monotonic()
            if self._drawn_at is not None and now - self._drawn_at < EVERY_S:
                return
            if self._drawn_at is None:
                err().print(f"a look at what is being made, as it comes: {self.path}", markup=False)
            self._drawn_at = now
            save_png(enlarged(event.preview), self.path)
