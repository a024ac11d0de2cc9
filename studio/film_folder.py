"""The folder a film's files are put in: no other storyboard's film is overwritten, no old delivery left.

A small `.reelhouse.json` in it names the storyboard and the files that were put there.
"""

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from reelhouse.errors import InputError
from reelhouse.identity import digest
from reelhouse.media.atomic import written

MANIFEST = ".reelhouse.json"


def slug(title: str) -> str:
    """A title as a file name: letters and digits of any script, in lower case, joined by hyphens."""
    return re.sub(r"[\W_]+", "-", title.casefold()).strip("-")[:80] or "film"


def choose_folder(films: Path, title: str, storyboard: Path) -> Path:
    """The folder of a storyboard's film: named by its title, and told apart from another storyboard's."""
    folder, source = films / slug(title), str(storyboard.resolve())
    if _read(folder).get("storyboard", source) == source:
        return folder
    return folder.with_name(f"{folder.name}-{digest('storyboard file', source)[:6]}")


def check_folder(folder: Path) -> None:
    """Refuse, before anything is rendered, a folder that cannot be one.

    Raises:
        InputError: a file is in the way.
    """
    for place in (folder, *folder.parents):
        if place.exists() and not place.is_dir():
            raise InputError(f"{place} is a file: name a folder for the film")


def put_files(folder: Path, storyboard: Path, files: Mapping[Path, Path]) -> None:
    """Copy finished files in, and remove those that an earlier render of the storyboard put there.

    Args:
        files: where each goes → where its bytes are.

    Raises:
        MediaError, DiskFull: a file cannot be written.
    """
    before = _read(folder).get("files", [])
    for target, source in files.items():
        with written(target) as part:
            shutil.copyfile(source, part)
    names = sorted(target.name for target in files)
    for name in before:
        if name not in names and Path(name).name == name:
            (folder / name).unlink(missing_ok=True)
    with written(folder / MANIFEST) as part:
        part.write_text(
            json.dumps({"storyboard": str(storyboard.resolve()), "files": names}), encoding="utf-8"
        )


def _read(folder: Path) -> dict:
    try:
        stated = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # none yet, or not ours
        return {}
    return stated if isinstance(stated, dict) else {}
