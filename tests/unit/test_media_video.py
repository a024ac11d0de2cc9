"""Takes and segments: every frame where it belongs, colours kept, windows blended."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from reelhouse.errors import Cancelled, InputError, MediaError
from reelhouse.media.ffmpeg import Cancellation
from reelhouse.media.segments import (
    Fit,
    Overlay,
    SegmentFormat,
    encode_blend,
    encode_piece,
    encode_still,
)
from reelhouse.media.takes import TakeWriter
from reelhouse.media.video import evenly_spaced, frame_at, probe, read_frames

HEIGHT, WIDTH = 48, 80
RATES = [Fraction(16), Fraction(24), Fraction(30_000, 1001), Fraction("23.976"), Fraction(7)]


def counted(num_frames: int, height: int = HEIGHT, width: int = WIDTH) -> NDArray[np.uint8]:
    """Frames whose grey says their number: 20, 24, 28 …"""
    greys = (20 + 4 * np.arange(num_frames)).astype(np.uint8)
    return np.broadcast_to(greys[:, None, None, None], (num_frames, height, width, 3))


def numbers(path: Path) -> list[int]:
    return [round((float(frame.mean()) - 20) / 4) for frame in read_frames(path)]


def write_take(path: Path, frames: NDArray[np.uint8], frame_rate: Fraction = RATES[0]) -> Path:
    _, height, width, _ = frames.shape
    with TakeWriter(path, height=height, width=width, frame_rate=frame_rate) as take:
        take.write(frames[:5])
        take.write(frames[5:])
    return path


def writer(path: Path, cancelled: Cancellation | None = None) -> TakeWriter:
    return TakeWriter(path, height=HEIGHT, width=WIDTH, frame_rate=RATES[0], cancelled=cancelled)


def flat(path: Path, colour: Sequence[int], height: int = HEIGHT, width: int = WIDTH) -> Path:
    frames = np.broadcast_to(np.array(colour, np.uint8), (24, height, width, 3))
    return write_take(path, frames)


def form(**changes: object) -> SegmentFormat:
    made: dict[str, object] = {"height": HEIGHT, "width": WIDTH, "frame_rate": RATES[0], **changes}
    return SegmentFormat(**made)  # type: ignore[arg-type] - the fields are checked by the class


@pytest.mark.parametrize("frame_rate", RATES, ids=str)
def test_a_take_has_every_frame_once_and_in_order(tmp_path: Path, frame_rate: Fraction) -> None:
    take = write_take(tmp_path / "take.mp4", counted(33), frame_rate)
    facts = probe(take)
    assert (facts.num_frames, facts.height, facts.width) == (33, HEIGHT, WIDTH)
    assert facts.frame_rate == frame_rate
    assert facts.duration_s == 33 / frame_rate
    assert (facts.codec, facts.pixel_format, facts.has_audio) == ("h264", "yuv420p", False)
    assert numbers(take) == list(range(33))


def test_flat_colours_survive_the_way_there_and_back(tmp_path: Path) -> None:
    colours = np.random.default_rng(5).integers(0, 256, (8, 8, 3))
    colours[0, :8] = [[r, g, b] for r in (0, 255) for g in (0, 255) for b in (0, 255)]
    picture = colours.repeat(32, 0).repeat(32, 1).astype(np.uint8)
    take = write_take(tmp_path / "take.mp4", np.stack([picture] * 6))
    back = frame_at(take, 3).reshape(8, 32, 8, 32, 3)[:, 8:24, :, 8:24].astype(int)
    # Eight-bit BT.709 in limited range holds 220 steps: three levels is its own rounding.
    assert np.abs(back - colours[:, None, :, None]).max() <= 3


def test_a_writer_keeps_its_first_and_last_frames_exactly(tmp_path: Path) -> None:
    frames = np.random.default_rng(1).integers(0, 256, (7, HEIGHT, WIDTH, 3), np.uint8)
    with writer(tmp_path / "take.mp4") as take:
        for frame in frames:
            take.write(frame[None])
    assert take.num_frames == 7
    assert take.first_frame is not None
    assert take.last_frame is not None
    assert np.array_equal(take.first_frame, frames[0])
    assert np.array_equal(take.last_frame, frames[-1])


def test_a_take_that_is_broken_off_leaves_nothing(tmp_path: Path) -> None:
    def break_off() -> None:
        with writer(tmp_path / "take.mp4") as take:
            take.write(counted(3))
            raise RuntimeError("the engine broke")

    with pytest.raises(RuntimeError, match="the engine broke"):
        break_off()
    assert list(tmp_path.iterdir()) == []


def test_a_take_without_frames_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="no frame"), writer(tmp_path / "take.mp4"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_cancelled_take_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(Cancelled), writer(tmp_path / "take.mp4", cancelled=lambda: True) as take:
        take.write(counted(3))
    assert list(tmp_path.iterdir()) == []


def test_odd_sizes_and_wrong_shapes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="even width and height, not 81x48"):
        TakeWriter(tmp_path / "take.mp4", height=48, width=81, frame_rate=RATES[0])
    wanted = r"frames \[F, 48, 80, 3\] of uint8"
    with pytest.raises(ValueError, match=wanted), writer(tmp_path / "take.mp4") as take:
        take.write(counted(3)[0])


@pytest.mark.parametrize("frame_rate", RATES, ids=str)
def test_any_frame_is_found_by_its_number(tmp_path: Path, frame_rate: Fraction) -> None:
    take = write_take(tmp_path / "take.mp4", counted(33), frame_rate)
    for index in (0, 1, 7, 8, 9, 31, 32, -1):
        assert round((float(frame_at(take, index).mean()) - 20) / 4) == index % 33
    stretch = [round((float(frame.mean()) - 20) / 4) for frame in read_frames(take, 6, 19)]
    assert stretch == list(range(6, 19))
    assert [round((float(f.mean()) - 20) / 4) for f in evenly_spaced(take, 3)] == [5, 16, 27]


def test_a_frame_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    take = write_take(tmp_path / "take.mp4", counted(9))
    with pytest.raises(MediaError, match="only 9 frames"):
        frame_at(take, 9)
    with pytest.raises(MediaError, match="only 9 frames"):
        list(read_frames(take, 3, 12))
    with pytest.raises(MediaError, match="cannot read"):
        probe(tmp_path / "missing.mp4")
    (tmp_path / "words.mp4").write_text("no video")
    with pytest.raises(MediaError, match="cannot read"):
        probe(tmp_path / "words.mp4")


@pytest.mark.parametrize("frame_rate", RATES, ids=str)
def test_a_piece_has_exactly_the_frames_asked_for(tmp_path: Path, frame_rate: Fraction) -> None:
    take = write_take(tmp_path / "take.mp4", counted(33), frame_rate)
    for start, stop in [(0, 33), (0, 1), (32, 33), (8, 10), (9, 26)]:
        encode_piece(take, start, stop, tmp_path / "piece.mp4", form(frame_rate=frame_rate))
        assert numbers(tmp_path / "piece.mp4") == list(range(start, stop))


def test_a_piece_beyond_the_take_or_of_another_pace_is_refused(tmp_path: Path) -> None:
    take = write_take(tmp_path / "take.mp4", counted(9))
    with pytest.raises(MediaError, match=r"has 9 frames; frames \[3, 12\) were wanted"):
        encode_piece(take, 3, 12, tmp_path / "piece.mp4", form())
    with pytest.raises(MediaError, match="16 frames a second; 24 are wanted"):
        encode_piece(take, 0, 9, tmp_path / "piece.mp4", form(frame_rate=Fraction(24)))
    assert not (tmp_path / "piece.mp4").exists()


def test_the_same_piece_is_the_same_bytes(tmp_path: Path) -> None:
    take = write_take(tmp_path / "take.mp4", counted(20))
    for name in ("a.mp4", "b.mp4"):
        encode_piece(take, 2, 18, tmp_path / name, form())
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_a_blend_passes_evenly_from_one_take_to_the_other(tmp_path: Path) -> None:
    dark, light = flat(tmp_path / "dark.mp4", (40, 60, 80)), flat(tmp_path / "light.mp4", (200, 180, 100))
    encode_blend(dark, 15, light, 9, tmp_path / "blend.mp4", form())
    means = np.stack([frame.mean((0, 1)) for frame in read_frames(tmp_path / "blend.mp4")])
    share = (np.arange(9) + 1)[:, None] / 10
    wanted = (1 - share) * np.array([40, 60, 80]) + share * np.array([200, 180, 100])
    assert np.abs(means - wanted).max() < 3
    assert np.abs(means[4] - [120, 120, 90]).max() < 3


@pytest.mark.parametrize("num_frames", [1, 2, 8])
def test_a_blend_takes_the_tail_of_one_and_the_head_of_the_other(tmp_path: Path, num_frames: int) -> None:
    first = write_take(tmp_path / "first.mp4", counted(33))
    second = flat(tmp_path / "second.mp4", (0, 0, 0))
    encode_blend(first, 33 - num_frames, second, num_frames, tmp_path / "blend.mp4", form())
    means = [float(frame.mean()) for frame in read_frames(tmp_path / "blend.mp4")]
    shares = [1 - (i + 1) / (num_frames + 1) for i in range(num_frames)]
    wanted = [
        share * (20 + 4 * number) for share, number in zip(shares, range(33 - num_frames, 33), strict=True)
    ]
    assert means == pytest.approx(wanted, abs=3)


def test_a_take_can_dissolve_into_itself(tmp_path: Path) -> None:
    take = flat(tmp_path / "take.mp4", (90, 90, 90))
    encode_blend(take, 0, take, 4, tmp_path / "blend.mp4", form())
    assert probe(tmp_path / "blend.mp4").num_frames == 4


def overlay_png(path: Path, box: tuple[int, int, int, int]) -> Path:
    picture = Image.new("RGBA", (WIDTH, HEIGHT))
    picture.paste((255, 255, 255, 255), box)
    picture.save(path)
    return path


def test_a_caption_fades_at_its_scene_s_ends_and_a_logo_never_does(tmp_path: Path) -> None:
    take = flat(tmp_path / "take.mp4", (0, 0, 0))
    overlay = Overlay(
        caption=overlay_png(tmp_path / "caption.png", (16, 32, 64, 44)),
        logo=overlay_png(tmp_path / "logo.png", (60, 4, 76, 12)),
    )
    encode_piece(take, 0, 24, tmp_path / "piece.mp4", form(), overlay)
    frames = np.stack(list(read_frames(tmp_path / "piece.mp4"))).astype(float)
    caption, logo, rest = frames[:, 35:41, 22:58], frames[:, 6:10, 64:72], frames[:, 6:26, 4:50]
    levels = caption.mean((1, 2, 3))
    assert levels[0] < 10
    assert (levels[4:20] > 245).all()
    assert levels[-1] < 90
    assert (np.diff(levels[:5]) > 30).all()
    assert (np.diff(levels[20:]) < -30).all()
    assert logo.min() > 240
    assert rest.max() < 8


def test_a_caption_is_held_where_it_must_not_fade(tmp_path: Path) -> None:
    take = flat(tmp_path / "take.mp4", (0, 0, 0))
    caption = overlay_png(tmp_path / "caption.png", (16, 32, 64, 44))
    encode_piece(
        take, 0, 12, tmp_path / "piece.mp4", form(), Overlay(caption=caption, fades_in=True, fades_out=False)
    )
    levels = [float(frame[35:41, 22:58].mean()) for frame in read_frames(tmp_path / "piece.mp4")]
    assert levels[0] < 10
    assert min(levels[4:]) > 245


def test_captions_dissolve_with_their_scenes_and_a_shared_logo_stays(tmp_path: Path) -> None:
    dark, other = flat(tmp_path / "dark.mp4", (0, 0, 0)), flat(tmp_path / "other.mp4", (2, 2, 2))
    logo = overlay_png(tmp_path / "logo.png", (60, 4, 76, 12))
    left = overlay_png(tmp_path / "left.png", (4, 32, 36, 44))
    right = overlay_png(tmp_path / "right.png", (44, 32, 76, 44))
    encode_blend(
        dark, 10, other, 9, tmp_path / "blend.mp4", form(), Overlay(left, logo), Overlay(right, logo)
    )
    frames = np.stack(list(read_frames(tmp_path / "blend.mp4"))).astype(float)
    assert frames[4, 35:41, 10:30].mean() == pytest.approx(128, abs=5)
    assert frames[4, 35:41, 50:70].mean() == pytest.approx(128, abs=5)
    assert frames[0, 35:41, 10:30].mean() > 215
    assert frames[8, 35:41, 50:70].mean() > 215
    assert frames[:, 6:10, 64:72].min() > 240


@pytest.mark.parametrize("fit", ["cover", "contain", "blur"])
def test_each_fit_fills_an_upright_frame_in_its_way(tmp_path: Path, fit: Fit) -> None:
    take = flat(tmp_path / "take.mp4", (30, 200, 60))
    encode_piece(take, 0, 6, tmp_path / "piece.mp4", form(height=96, width=64, fit=fit))
    frame = frame_at(tmp_path / "piece.mp4", 3).astype(int)
    assert frame.shape == (96, 64, 3)
    assert np.abs(frame[48, 32] - [30, 200, 60]).max() <= 4
    above = frame[4, 32]
    if fit == "cover":
        assert np.abs(above - [30, 200, 60]).max() <= 4
    elif fit == "contain":
        assert above.max() <= 4
    else:
        assert 60 < above[1] < 160
        assert above[1] > above[0] + 30


def test_a_still_is_held_for_the_frames_asked_for(tmp_path: Path) -> None:
    Image.new("RGBA", (200, 120), (200, 40, 30, 255)).save(tmp_path / "card.png")
    encode_still(tmp_path / "card.png", 11, tmp_path / "still.mp4", form())
    frames = np.stack(list(read_frames(tmp_path / "still.mp4"))).astype(int)
    assert frames.shape == (11, HEIGHT, WIDTH, 3)
    assert np.abs(frames - [200, 40, 30]).max() <= 4


def test_a_still_that_is_no_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "card.png").write_bytes(b"%PDF-1.7 and so on")
    with pytest.raises(InputError, match=r"card.png is not a picture: it begins with b'%PDF'"):
        encode_still(tmp_path / "card.png", 11, tmp_path / "still.mp4", form())


def test_a_format_that_no_video_can_have_is_refused() -> None:
    with pytest.raises(InputError, match="not 81x48"):
        form(width=81)
    with pytest.raises(InputError, match="fit is one of cover, contain, blur, not 'stretch'"):
        form(fit="stretch")
