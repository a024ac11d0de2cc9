"""The assembled film and what is drawn from it: copied packets, exact times, stills, a sheet, a GIF."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from reelhouse.errors import Cancelled, InputError, MediaError
from reelhouse.media.assemble import concatenate
from reelhouse.media.gif import gif
from reelhouse.media.segments import SegmentFormat, encode_blend, encode_piece, encode_still
from reelhouse.media.stills import contact_sheet, poster, save_frames
from reelhouse.media.takes import TakeWriter
from reelhouse.media.video import probe, read_frames

HEIGHT, WIDTH = 48, 80
RATES = [Fraction(16), Fraction(24), Fraction(30_000, 1001), Fraction("23.976"), Fraction(7)]


def write_take(path: Path, frame_rate: Fraction = RATES[0], num_frames: int = 33) -> Path:
    """Frames whose grey says their number: 20, 24, 28 …"""
    with TakeWriter(path, height=HEIGHT, width=WIDTH, frame_rate=frame_rate) as take:
        for number in range(num_frames):
            take.write(np.full((1, HEIGHT, WIDTH, 3), 20 + 4 * number, np.uint8))
    return path


def form(frame_rate: Fraction = RATES[0], height: int = HEIGHT, width: int = WIDTH) -> SegmentFormat:
    return SegmentFormat(height=height, width=width, frame_rate=frame_rate)


def pieces(folder: Path, stretches: Sequence[tuple[int, int]], frame_rate: Fraction = RATES[0]) -> list[Path]:
    take = write_take(folder / "take.mp4", frame_rate)
    paths = [folder / f"piece {i}.mp4" for i in range(len(stretches))]
    for path, (start, stop) in zip(paths, stretches, strict=True):
        encode_piece(take, start, stop, path, form(frame_rate))
    return paths


def packets(path: Path) -> list[tuple[int, int, bytes]]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        found = [packet for packet in container.demux(stream) if packet.size]
    return [(packet.pts or 0, packet.dts or 0, bytes(packet)) for packet in found]


def sine(path: Path, duration_s: Fraction) -> Path:
    with av.open(str(path), "w", format="ipod") as container:
        stream = container.add_stream("aac", rate=48_000)
        time = np.arange(int(duration_s * 48_000)) / 48_000
        wave = (0.2 * np.sin(2 * np.pi * 440 * time)).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(wave[None], format="fltp", layout="mono")
        frame.sample_rate = 48_000
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    return path


@pytest.mark.parametrize("frame_rate", RATES, ids=str)
def test_a_film_is_its_segments_copied_with_every_frame_in_its_place(
    tmp_path: Path, frame_rate: Fraction
) -> None:
    """Lengths of one and two frames have no B-frames; thirteen times over, lost microseconds would show."""
    stretches = [(0, 1), (4, 6), (9, 12), (20, 21), (3, 33), (7, 11)]
    segments = pieces(tmp_path, stretches, frame_rate) * 13
    film = tmp_path / "film.mp4"
    concatenate(segments, film)
    found = packets(film)
    assert [data for _, _, data in found] == [data for path in segments for _, _, data in packets(path)]
    steps = set(np.diff(sorted(pts for pts, _, _ in found)).tolist())
    assert len(steps) == 1
    assert set(np.diff([dts for _, dts, _ in found]).tolist()) == steps
    assert all(dts <= pts for pts, dts, _ in found)
    numbers = [round((float(frame.mean()) - 20) / 4) for frame in read_frames(film)]
    assert numbers == [number for start, stop in stretches for number in range(start, stop)] * 13
    facts = probe(film)
    assert facts.frame_rate == frame_rate
    assert facts.duration_s == len(numbers) / frame_rate


def test_pieces_blends_and_stills_of_one_format_join(tmp_path: Path) -> None:
    take = write_take(tmp_path / "take.mp4")
    other = write_take(tmp_path / "other.mp4")
    Image.new("RGB", (30, 40), "navy").save(tmp_path / "card.png")
    names = ["piece.mp4", "blend.mp4", "rest.mp4", "card.mp4"]
    head, blend, rest, card = [tmp_path / name for name in names]
    encode_piece(take, 0, 25, head, form())
    encode_blend(take, 25, other, 8, blend, form())
    encode_piece(other, 8, 33, rest, form())
    encode_still(tmp_path / "card.png", 16, card, form())
    concatenate([head, blend, rest, card], tmp_path / "film.mp4")
    assert probe(tmp_path / "film.mp4").num_frames == 25 + 8 + 25 + 16
    assert len(list(read_frames(tmp_path / "film.mp4"))) == 74


def test_the_same_segments_give_the_same_bytes_ready_to_stream(tmp_path: Path) -> None:
    segments = pieces(tmp_path, [(0, 16), (5, 21)])
    sound = sine(tmp_path / "sound.m4a", Fraction(2))
    for name in ("one.mp4", "two.mp4"):
        concatenate(segments, tmp_path / name, audio=sound, title="Fox & 'Kite'; 放飞", comment="by=hand")
    data = (tmp_path / "one.mp4").read_bytes()
    assert data == (tmp_path / "two.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    with av.open(str(tmp_path / "one.mp4")) as container:
        assert container.metadata["title"] == "Fox & 'Kite'; 放飞"
        assert container.metadata["comment"] == "by=hand"
        assert container.streams.audio[0].codec_context.name == "aac"
        assert container.streams.video[0].start_time == 0
        assert container.streams.audio[0].start_time == 0


def test_sound_longer_than_the_picture_ends_with_it(tmp_path: Path) -> None:
    concatenate(
        pieces(tmp_path, [(0, 16)]), tmp_path / "film.mp4", audio=sine(tmp_path / "long.m4a", Fraction(9))
    )
    with av.open(str(tmp_path / "film.mp4")) as container:
        assert (container.duration or 0) / av.time_base == pytest.approx(1, abs=0.03)


def test_the_segment_that_does_not_fit_is_named(tmp_path: Path) -> None:
    segments = pieces(tmp_path, [(0, 9), (9, 18)])
    odd = tmp_path / "odd.mp4"
    encode_piece(tmp_path / "take.mp4", 0, 9, odd, form(height=64, width=64))
    with pytest.raises(
        MediaError, match=r"odd\.mp4 cannot be joined to piece 0\.mp4: its height is 64, not 48"
    ):
        concatenate([*segments, odd], tmp_path / "film.mp4")
    slower = SegmentFormat(height=HEIGHT, width=WIDTH, frame_rate=RATES[0], preset="medium")
    encode_piece(tmp_path / "take.mp4", 0, 9, odd, slower)
    with pytest.raises(MediaError, match="its encoder settings are others"):
        concatenate([*segments, odd], tmp_path / "film.mp4")
    assert not (tmp_path / "film.mp4").exists()


def test_a_film_of_nothing_or_of_a_broken_segment_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least one segment"):
        concatenate([], tmp_path / "film.mp4")
    (tmp_path / "broken.mp4").write_bytes(b"not a film")
    with pytest.raises(MediaError, match=r"broken\.mp4 is damaged or is not an MP4 file"):
        concatenate([tmp_path / "broken.mp4"], tmp_path / "film.mp4")
    with pytest.raises(MediaError, match=r"cannot read the segment .*none\.mp4: No such file"):
        concatenate([tmp_path / "none.mp4"], tmp_path / "film.mp4")
    sine(tmp_path / "sound.m4a", Fraction(1))
    with pytest.raises(MediaError, match=r"sound\.m4a has no picture"):
        concatenate([tmp_path / "sound.m4a"], tmp_path / "film.mp4")
    (segment,) = pieces(tmp_path, [(0, 9)])
    for size in range(0, segment.stat().st_size - 40, 97):
        (tmp_path / "cut.mp4").write_bytes(segment.read_bytes()[:size])
        with pytest.raises(MediaError, match="cut"):
            concatenate([segment, tmp_path / "cut.mp4"], tmp_path / "film.mp4")


def test_paths_with_quotes_and_spaces_are_joined(tmp_path: Path) -> None:
    folder = tmp_path / "the fox's 'den' 狐"
    folder.mkdir()
    concatenate(pieces(folder, [(0, 3), (3, 6)]), folder / "film.mp4")
    assert probe(folder / "film.mp4").num_frames == 6


def test_a_cancelled_assembly_leaves_no_film(tmp_path: Path) -> None:
    segments = pieces(tmp_path, [(0, 9)])
    with pytest.raises(Cancelled):
        concatenate(segments * 50, tmp_path / "film.mp4", cancelled=lambda: True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["piece 0.mp4", "take.mp4"]


def test_a_poster_shows_the_frame_asked_for(tmp_path: Path) -> None:
    take = write_take(tmp_path / "take.mp4")
    poster(take, tmp_path / "poster.png", at=Fraction(20, 16))
    with Image.open(tmp_path / "poster.png") as picture:
        assert picture.size == (WIDTH, HEIGHT)
        assert np.asarray(picture).mean() == pytest.approx(100, abs=2)
    poster(take, tmp_path / "poster.jpg")
    with Image.open(tmp_path / "poster.jpg") as picture:
        assert picture.format == "JPEG"


def test_saved_frames_are_evenly_spaced(tmp_path: Path) -> None:
    paths = save_frames(write_take(tmp_path / "take.mp4"), 3, tmp_path / "frames")
    assert [path.name for path in paths] == ["frame-001.png", "frame-002.png", "frame-003.png"]
    means = [float(np.asarray(Image.open(path)).mean()) for path in paths]
    assert means == pytest.approx([20 + 4 * number for number in (5, 16, 27)], abs=2)


def test_a_contact_sheet_shows_each_mark_and_stops_at_twenty_four(tmp_path: Path) -> None:
    take = write_take(tmp_path / "take.mp4")
    heights: dict[int, int] = {}
    for count in (1, 4, 24, 40):
        marks = [(Fraction(i, 32), f"scene {i} 放飞") for i in range(count)]
        contact_sheet(take, marks, tmp_path / "sheet.png", title="Fox and Kite", subtitle="放飞 · 0:02.06")
        with Image.open(tmp_path / "sheet.png") as sheet:
            heights[count] = sheet.height
            assert sheet.width == 1600
    assert heights[40] == heights[24]
    assert heights[24] > heights[1] * 0.5


def test_a_gif_has_the_size_and_pace_asked_for(tmp_path: Path) -> None:
    gif(write_take(tmp_path / "take.mp4"), tmp_path / "film.gif", width=40, frame_rate=Fraction(8))
    with Image.open(tmp_path / "film.gif") as picture:
        assert picture.size == (40, 24)
        assert picture.info["loop"] == 0
        assert 14 <= getattr(picture, "n_frames", 0) <= 18
