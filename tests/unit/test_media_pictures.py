"""Pictures from people: turned upright, brought to eight bits, and told apart from other files."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reelhouse.errors import InputError
from reelhouse.media import pictures
from reelhouse.media.pictures import flattened, open_picture, save_png


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "bmp", "tiff", "gif"])
def test_each_known_format_opens_as_rgb(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"fox.{suffix}"
    Image.new("RGB", (40, 30), (200, 80, 40)).save(path)
    picture = open_picture(path)
    assert (picture.mode, picture.size) == ("RGB", (40, 30))
    assert np.abs(np.asarray(picture).astype(int) - [200, 80, 40]).max() <= 6


@pytest.mark.parametrize("mode", ["L", "1", "P", "CMYK"])
def test_other_colour_modes_are_converted(tmp_path: Path, mode: str) -> None:
    Image.new("RGB", (16, 16), "white").convert(mode).save(tmp_path / "fox.tiff")
    picture = open_picture(tmp_path / "fox.tiff")
    assert picture.mode == "RGB"
    assert picture.getpixel((8, 8)) == (255, 255, 255)


def test_sixteen_bit_grey_keeps_its_tones(tmp_path: Path) -> None:
    values = np.linspace(0, 65_535, 256).astype(np.uint16).reshape(16, 16)
    Image.fromarray(values).save(tmp_path / "deep.png")
    grey = np.asarray(open_picture(tmp_path / "deep.png"))[..., 0]
    assert np.abs(grey.reshape(-1).astype(int) - np.arange(256)).max() <= 1


def test_transparency_is_kept_only_where_there_is_some(tmp_path: Path) -> None:
    clear = Image.new("RGBA", (8, 8), (255, 0, 0, 255))
    clear.save(tmp_path / "opaque.png")
    clear.putpixel((3, 3), (0, 0, 0, 0))
    clear.save(tmp_path / "clear.png")
    assert open_picture(tmp_path / "opaque.png").mode == "RGB"
    assert open_picture(tmp_path / "clear.png").mode == "RGBA"
    assert flattened(open_picture(tmp_path / "clear.png"), "white").getpixel((3, 3)) == (255, 255, 255)


def test_a_sideways_photograph_is_turned_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (40, 20)).save(tmp_path / "photo.jpg", exif=exif)
    assert open_picture(tmp_path / "photo.jpg").size == (20, 40)


def test_an_animation_gives_its_first_frame(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "fox.gif", save_all=True, append_images=frames[1:])
    assert open_picture(tmp_path / "fox.gif").getpixel((4, 4)) == (255, 0, 0)


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"%PDF-1.7", r"is not a picture: it begins with b'%PDF'"),
        (b"", "is not a picture: it is empty"),
        (b"\x89PNG\r\n\x1a\n" + b"rubbish" * 9, "is (not a picture|a damaged picture)"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is not a picture"),
    ],
)
def test_what_is_not_a_picture_is_described(tmp_path: Path, data: bytes, found: str) -> None:
    (tmp_path / "fox.png").write_bytes(data)
    with pytest.raises(InputError, match=rf"fox\.png {found}"):
        open_picture(tmp_path / "fox.png")


def test_a_picture_cut_short_is_called_damaged(tmp_path: Path) -> None:
    whole = tmp_path / "whole.png"
    Image.effect_noise((200, 200), 80).save(whole)
    (tmp_path / "cut.png").write_bytes(whole.read_bytes()[:9_000])
    with pytest.raises(InputError, match=r"cut\.png is a damaged picture"):
        open_picture(tmp_path / "cut.png")


def test_too_many_bytes_or_pixels_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.new("L", (12_000, 10_000)).save(tmp_path / "wide.png")
    with pytest.raises(InputError, match=r"12000x10000 pixels; a picture may have 100 megapixels"):
        open_picture(tmp_path / "wide.png")
    monkeypatch.setattr(pictures, "MAX_SIZE_BYTES", 1_000_000)
    (tmp_path / "heavy.png").write_bytes(bytes(3_000_000))
    with pytest.raises(InputError, match=r"heavy\.png has 3 MB; a picture may have 1 MB"):
        open_picture(tmp_path / "heavy.png")


def test_a_missing_picture_and_a_folder_are_errors_of_input(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        open_picture(tmp_path / "none.png")
    with pytest.raises(InputError, match="Is a directory"):
        open_picture(tmp_path)


def test_a_saved_picture_comes_back_exactly_and_leaves_nothing_else(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    save_png(Image.fromarray(noise), tmp_path / "new" / "frame.png")
    assert np.array_equal(np.asarray(open_picture(tmp_path / "new" / "frame.png")), noise)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["frame.png"]
