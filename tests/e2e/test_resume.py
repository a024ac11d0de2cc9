"""A render killed in the middle of a scene: the next one goes on from its latents."""

import os
import signal
import time

BOARD = """
title: Noise
engine: wan-t2v-1.3b
parameters: {num_inference_steps: 60}
video: {size: 64x64, frame_rate: 16}
scenes: [{id: a, prompt: the fox runs, duration: 0.3s}]
"""


def test_a_scene_killed_in_the_middle_is_not_begun_anew_and_comes_out_the_same(studio):
    studio.write(BOARD)
    studio.run("weights", "tiny", "wan-t2v-1.3b", "home/weights/wan-t2v-1.3b")
    process = studio.start("render", "board.yaml")
    while not list(studio.home.glob("checkpoints/*.safetensors")):
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()

    resumed = studio.json("render", "board.yaml")
    assert not list(studio.home.glob("checkpoints/*"))
    assert studio.json("verify")["ok"]
    steps = studio.json("lineage", resumed["film"])["steps"]
    (take,) = [step for step in steps if step["stage"] == "take"]
    assert take["facts"]["resumed_after_step"] >= 5
    made_with = take["facts"]["made_with"]
    assert made_with["device"] == "cpu"
    assert "transformer/diffusion_pytorch_model.safetensors" in made_with["weights"]

    (studio.home / "reelhouse.db").unlink()
    again = studio.json("render", "board.yaml")
    assert again["engine_calls"] == 1
    assert again["film_artifact"] == resumed["film_artifact"]
