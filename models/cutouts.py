"""The craft of a cut-out: a soft mask made clean, and colours freed of the background they stood before.

Pure functions of arrays, deterministic, unaware of who made the mask.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

PART_SHARE = 0.1  # of the largest part's area; smaller ones are islands
HOLE_SHARE = 0.005  # of the subject's area; smaller holes are pinholes, larger ones real
EDGE_SIGMA = 1.2  # pixels
EDGE_CHOKE = 0.5  # pixels the edge moves inwards, off the pixels that camera and lens mixed
SNAP_CELLS = 160  # a soft mask is about half as fine as the networks' 320: edges within one cell are snapped
SNAP_EPSILON = 1e-4  # variance of grey, 0 … 1, under which a patch counts as flat


def clean_mask(soft: NDArray[np.float32], picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a mask of the largest parts, without pinholes, its edge soft over about two pixels.

    Shapes: soft [H, W] float32 0 … 1; picture [H, W, 3] uint8 RGB; returns [H, W] uint8.
    """
    solid = _without_islands_and_pinholes(_snapped(soft, picture) >= 0.5)
    if not solid.any():
        return np.zeros(soft.shape, np.uint8)
    blurred = cv2.GaussianBlur(solid.astype(np.float32), (0, 0), EDGE_SIGMA, borderType=cv2.BORDER_REPLICATE)
    # A blurred straight edge falls by 1 / (sigma * sqrt(2 pi)) a pixel at its middle.
    slope = 1 / (EDGE_SIGMA * np.sqrt(2 * np.pi))
    alpha = (blurred - 0.5 - EDGE_CHOKE * slope) / (2 * slope) + 0.5
    return np.rint(np.clip(alpha, 0, 1) * 255).astype(np.uint8)


def parts(mask: NDArray[np.uint8]) -> int:
    """Return in how many separate parts a [H, W] uint8 mask lies."""
    return cv2.connectedComponents((mask >= 128).astype(np.uint8), connectivity=8)[0] - 1


def decontaminated_colours(picture: NDArray[np.uint8], mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the picture with everything but the mask's solid inside coloured like the nearest inside.

    At the soft edge a photo's pixel is part background; laid over another background it would shine as a
    halo. Fully transparent pixels are coloured too, so that scaling the cut-out cannot pull a halo in.
    Shapes: picture [H, W, 3] uint8 RGB; mask [H, W] uint8; returns [H, W, 3] uint8.
    """
    solid = (mask >= 250).astype(np.uint8)
    inside = _reliable_inside(solid)
    if not inside.any():
        return picture.copy()
    _, labels = cv2.distanceTransformWithLabels(
        1 - inside, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    nearest = np.asarray(labels, np.int32)
    colour_of_label = np.zeros((int(nearest.max()) + 1, 3), np.uint8)
    colour_of_label[nearest[inside > 0]] = picture[inside > 0]
    filled = colour_of_label[nearest]
    # Nearest colours run in streaks; a small blur away from the inside makes them one tone.
    smooth = cv2.GaussianBlur(filled, (0, 0), 1.5)
    return np.where(solid[..., None] > 0, picture, smooth)


def _reliable_inside(solid: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the solid pixels one pixel from the edge, and whole what is too thin to have any."""
    kernel = np.ones((3, 3), np.uint8)
    # The picture's own border is no edge of the subject.
    eroded = np.asarray(cv2.erode(solid, kernel, borderType=cv2.BORDER_REPLICATE), np.uint8)
    thin = solid & (1 - np.asarray(cv2.dilate(eroded, kernel, iterations=2), np.uint8))
    return eroded | thin


def _snapped(soft: NDArray[np.float32], picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Move the soft mask's edge onto the picture's own edge nearby.

    Source: He, Sun and Tang, "Guided Image Filtering", 2010, equations 5, 6 and 8; one-channel guide.
    """
    guide = _telling_colour(soft, picture)
    radius = max(1, round(max(soft.shape) / SNAP_CELLS))

    def mean(values: NDArray[np.floating]) -> NDArray[np.float32]:
        return np.asarray(cv2.blur(values, (2 * radius + 1, 2 * radius + 1)), np.float32)

    mean_guide, mean_soft = mean(guide), mean(soft)
    slope = (mean(guide * soft) - mean_guide * mean_soft) / (
        mean(guide * guide) - mean_guide**2 + SNAP_EPSILON
    )
    return np.asarray(mean(slope) * guide + mean(mean_soft - slope * mean_guide), np.float32)


def _telling_colour(soft: NDArray[np.float32], picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the picture as one channel, 0 … 1, in which subject and background differ most.

    Grey would not do: an orange fox on a lawn is no lighter than the lawn.
    """
    colours = picture.astype(np.float32)
    sure, sure_not = soft > 0.9, soft < 0.1
    if not (sure.any() and sure_not.any()):
        return colours.mean(axis=2) / np.float32(255)
    direction = colours[sure].mean(axis=0) - colours[sure_not].mean(axis=0)
    direction /= max(float(np.abs(direction).sum()), 1e-6)
    return np.asarray(colours @ direction / 255, np.float32)


def _without_islands_and_pinholes(solid: NDArray[np.bool_]) -> NDArray[np.bool_]:
    _, labels, stats, _ = cv2.connectedComponentsWithStats(solid.astype(np.uint8), connectivity=8)
    areas = stats[1:, cv2.CC_STAT_AREA]
    if not areas.size:
        return solid
    kept = np.concatenate([[False], areas >= PART_SHARE * areas.max()])[np.asarray(labels, np.int32)]
    _, labels, stats, _ = cv2.connectedComponentsWithStats((~kept).astype(np.uint8), connectivity=4)
    labels = np.asarray(labels, np.int32)
    is_pinhole = stats[:, cv2.CC_STAT_AREA] < HOLE_SHARE * np.count_nonzero(kept)
    # Label 0 is the subject here; a gap at the picture's border is background, however small.
    is_pinhole[0] = False
    for border in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        is_pinhole[border] = False
    return kept | is_pinhole[labels]
