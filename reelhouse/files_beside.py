"""The files beside a storyboard or campaign: found in its folder, never outside, not even through a link."""

from collections.abc import Mapping
from pathlib import Path

from reelhouse.errors import InputError, MediaError, StoryboardError
from reelhouse.media.audio import sound_length_s
from reelhouse.media.pictures import open_picture
from reelhouse.storyboard import Key, nearest_line
from reelhouse.written_problems import suggestion


class FilesBeside:
    """The folder of one written file, and the lines on which it names others."""

    def __init__(self, file: Path, lines: Mapping[Key, int]) -> None:
        self._named_in = file
        self._folder = file.resolve().parent
        self._lines = lines

    def optional_picture(self, name: str | None, key: Key) -> Path | None:
        """`picture`, where one is named."""
        return None if name is None else self.picture(name, key)

    def picture(self, name: str, key: Key) -> Path:
        """A picture that opens. Raises StoryboardError."""
        path = self.file(name, key)
        try:
            open_picture(path)
        except InputError as error:
            raise self.problem(key, str(error)) from error
        return path

    def sound(self, name: str, key: Key) -> Path:
        """A sound file that can be read. Raises StoryboardError."""
        path = self.file(name, key)
        try:
            sound_length_s(path)
        except MediaError as error:
            raise self.problem(key, str(error)) from error
        return path

    def file(self, name: str, key: Key) -> Path:
        """Any file in the folder. Raises StoryboardError."""
        path = (self._folder / name).resolve()
        if not path.is_relative_to(self._folder):
            raise self.problem(key, f'"{name}" leads out of the storyboard\'s folder: copy the file into it')
        if not path.is_file():
            raise self.problem(
                key, f'"{name}" is not in {self._folder}' + suggestion(name, _files_in(path.parent))
            )
        return path

    def problem(self, key: Key, message: str) -> StoryboardError:
        """An error about the value at `key`, with the file and the nearest line known."""
        return StoryboardError(message, file=self._named_in, line=nearest_line(self._lines, key))


def _files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
