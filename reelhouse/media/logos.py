"""Logos: a brand's mark laid into a corner of every frame."""

from PIL import Image

HEIGHT_SHARE = 0.09  # of the frame's shorter side
WIDTH_SHARE = 0.22  # of the frame's width, for wide marks
MARGIN_SHARE = 0.045


def logo_overlay(logo: Image.Image, *, height: int, width: int) -> Image.Image:
    """A transparent RGBA frame [height, width] with the logo small in its top right corner."""
    shorter = min(height, width)
    scale = min(HEIGHT_SHARE * shorter / logo.height, WIDTH_SHARE * width / logo.width)
    size = (max(1, round(logo.width * scale)), max(1, round(logo.height * scale)))
    margin = round(MARGIN_SHARE * shorter)
    frame = Image.new("RGBA", (width, height))
    frame.paste(
        logo.convert("RGBA").resize(size, Image.Resampling.LANCZOS), (width - size[0] - margin, margin)
    )
    return frame
