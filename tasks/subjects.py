"""Subjects: from the pictures people hand in to the cut-outs and reference images engines are given."""

from collections.abc import Mapping

from PIL import Image

from models.masks import mask_subject
from models.reference_images import flatten_on_white, letterbox
from reelhouse.clips import Role
from reelhouse.media.pictures import open_picture, save_png
from reelhouse.stages import Stage
from tasks.recorded import Job, Output, recorded

PNG = "image/png"


@recorded(Stage.MASK)
def cut_out_subject(job: Job) -> Mapping[str, Output]:
    """Find the subject in one picture: its mask, the cut-out, and the cut-out on white."""
    parameters = job.parameters
    mask_file = job.optional_path("mask")
    box = parameters["box"]
    masked = mask_subject(
        open_picture(job.path("picture")),
        method=parameters["method"],
        role=Role(parameters["role"]),
        phrase=parameters["phrase"],
        box=tuple(box) if box else None,
        mask_file=open_picture(mask_file) if mask_file else None,
        segmenter=job.bench.segmenter if "tool" in parameters else None,
    )
    job.facts["coverage"] = round(masked.coverage, 4)
    for warning in masked.warnings:
        job.warn(f"{job.step.label}: {warning}")
    cutout = Image.fromarray(masked.cutout)
    pictures = {
        "mask": Image.fromarray(masked.mask),
        "cutout": cutout,
        "flat": flatten_on_white(cutout),
    }
    return _save(job, pictures)


@recorded(Stage.REFERENCE)
def letterbox_reference(job: Job) -> Mapping[str, Output]:
    """Fit a subject on white into the clip's frame, as Phantom was trained on."""
    parameters = job.parameters
    with Image.open(job.path("flat")) as flat:
        reference = letterbox(flat.convert("RGB"), height=parameters["height"], width=parameters["width"])
    return _save(job, {"reference": reference})


def _save(job: Job, pictures: Mapping[str, Image.Image]) -> dict[str, Output]:
    outputs: dict[str, Output] = {}
    for name, picture in pictures.items():
        path = job.folder / f"{name}.png"
        save_png(picture, path)
        outputs[name] = Output(path, PNG)
    return outputs
