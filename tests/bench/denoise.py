"""Denoising: what a step costs, what is saved of it exactly, and how far that is from the card's floor.

    python tests/bench/denoise.py [--engine phantom-1.3b] [--steps 5] [--quick] [--reference-src CHECKOUT]

Counts, on any machine, with tiny random weights of the real classes: calls of the networks for the reference
way (three passes, nothing shared) and ours, the largest difference between them, and whether savings change
no bit. Times, on a CUDA GPU, with random weights of the full size: arms that add one thing at a time,
in turns, the median of `--steps` after two warm-ups, beside the card's own product of 8192 x 8192 matrices.
`--reference-src` races the network of another program's checkout too; `--quick` takes 17 frames and one step.
14B with the float32 reference beside it wants a card with 141 GB. Ends in one line of JSON.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import torch
from denoising import counts
from denoising.external import load_external
from denoising.race import Course, decode_seconds, matmul_rate, race
from denoising.workload import TINY, Clip, Workload

from models.kernels import Machine, choose_kernels
from models.phantom.guidance import three_passes
from models.phantom.spec import NETWORKS
from models.wan_models import Sizes

BFLOAT16 = torch.bfloat16
WHOLE = Clip(frames=21, references=2, height=60, width=104)  # 81 frames of 832x480
QUICK = Clip(frames=5, references=2, height=60, width=104)


def main() -> None:
    """Count, and race where there is a GPU."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", choices=sorted(NETWORKS), default="phantom-1.3b")
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--reference-src", type=Path, metavar="CHECKOUT")
    given = parser.parse_args()
    line: dict[str, Any] = {"bench": "denoise", "counts": count(), "gpu": None}
    if given.reference_src is not None:
        line["external_max_abs_diff"] = compare(given.reference_src)
    if torch.cuda.is_available():
        line["gpu"] = time_arms(given)
    else:
        print("\nnot measured: no CUDA GPU")
    print(json.dumps(line))


def count() -> dict[str, Any]:
    """Print the counts."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # tiny products only wait for a second thread
    steps, film = counts.step_counts(), counts.film_counts()
    found = {
        "steps": steps,
        "film": film,
        "max_abs_diff": counts.differences(),
        "bit_equal": counts.equalities(),
    }
    torch.set_num_threads(threads)
    print(f"{counts.STEPS} steps, {TINY.num_layers} blocks, {counts.CLIP.references} references")
    print(f"{'':32} {'reference':>12} {'ours':>12}")
    for name in steps["reference"]:
        print(f"{name:32} {steps['reference'][name]:>12,} {steps['ours'][name]:>12,}")
    print("\na film, its pictures and words each encoded once:")
    for name, value in film.items():
        print(f"{name:32} {value:>12,}")
    print("\nlargest difference from the reference, float32: ", found["max_abs_diff"])
    print("equal to the bit: ", found["bit_equal"])
    return found


def compare(checkout: Path) -> float:
    """Print and return how far the other program's network is from ours, tiny and float32."""
    model = counts.tiny("parity")
    external = load_external(checkout, TINY, model, dtype=torch.float32)
    work = Workload.draw(counts.CLIP, TINY, device=counts.CPU)
    theirs, ours = (
        three_passes(predict, work.latents, work.timestep, work.conditions)  # pyright: ignore[reportArgumentType] -- anything that predicts
        for predict in (external, counts.reference.Reference(model, torch.float32))
    )
    difference = max(
        float((a - b).abs().max())
        for a, b in ((theirs.pos_it, ours.pos_it), (theirs.pos_i, ours.pos_i), (theirs.neg, ours.neg))
    )
    print(f"largest difference of {checkout} from our reference, float32: {difference:.2e}")
    return difference


def time_arms(given: argparse.Namespace) -> dict[str, Any]:
    """Print the times."""
    device, network = torch.device("cuda"), NETWORKS[given.engine]
    machine = Machine.on(device, BFLOAT16)
    chosen = choose_kernels(machine, compiles=True)
    course = Course(
        clip=QUICK if given.quick else WHOLE,
        sizes=Sizes(network.dim, network.ffn_dim, network.num_heads, network.num_layers),
        device=device,
        dtype=BFLOAT16,
        steps=1 if given.quick else given.steps,
        kernels=chosen,
        compiler="inductor",
        checkout=given.reference_src,
    )
    ceiling = matmul_rate(device, BFLOAT16)
    raced = race(course)
    floor = raced["flop_per_step"] / ceiling
    decoding = decode_seconds(course.clip, device)
    name = torch.cuda.get_device_name(device)
    print(f"\n{given.engine} on {name}, torch {torch.__version__}, {chosen}; {course.clip}")
    print(f"ceiling {ceiling / 1e12:.0f} TFLOP/s, floor {floor:.3f} s a step of three passes")
    print(f"{'arm':22} {'s/step':>8} {'spread':>7} {'TFLOP/s':>8} {'x floor':>8} {'error':>9} {'act. GB':>8}")
    for arm, row in raced["arms"].items():
        row["x_floor"] = row["s_per_step"] / floor
        print(
            f"{arm:22} {row['s_per_step']:8.3f} {row['spread']:7.1%} {row['tflop_per_s']:8.0f} "
            f"{row['x_floor']:8.2f} {row['error']:9.1e} {row['activation_gb']:8.2f}"
        )
    for arm, reason in raced["left_out"].items():
        print(f"{arm:22} not measured: {reason}")
    print(f"decoding {course.clip.frames} latent frames, float32: {decoding:.2f} s")
    facts = {"engine": given.engine, "device": name, "torch": torch.__version__, "kernels": str(chosen)}
    reserved = torch.cuda.memory_reserved(device) / 1e9
    return {**facts, **raced, "ceiling": ceiling, "decode_s": decoding, "reserved_gb": reserved}


if __name__ == "__main__":
    main()
