"""Reading and loading weights: every damaged, foreign or dangerous file is refused with words that help."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from diffusers.models.transformers.transformer_wan import WanTransformer3DModel
from safetensors.torch import load_file, save_file
from torch import nn

from models import wan_keys, wan_models
from models.numerics import parameter_dtype
from models.phantom.engine import PhantomEngine
from models.phantom.pipeline import PhantomPipeline
from models.phantom.spec import LARGE, PHANTOM_1_3B, SMALL, Network
from models.phantom.tiny import write_tiny_checkpoint
from models.phantom.weights import PhantomWeights
from models.wan_models import UMT5_XXL, Sizes
from models.wan_weights import read_tensors
from models.weights_identity import file_digests, folder_identity
from reelhouse.errors import EngineError

GOLDEN = Path(__file__).parent.parent / "golden" / "A"
TINY = Network(dim=64, ffn_dim=128, num_heads=4, num_layers=3, parameters=0, file="Phantom-Wan-1.3B.pth")
SIZES = Sizes(dim=64, ffn_dim=128, num_heads=4, num_layers=3, freq_dim=64, text_dim=32)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_checkpoint(tmp_path_factory.mktemp("phantom"))


def load(path: Path) -> WanTransformer3DModel:
    return wan_models.load_transformer(path, SIZES.config, mode="exact", dtype=torch.float32, official=True)


def official_tensors() -> dict[str, torch.Tensor]:
    return load_file(GOLDEN / "dit_weights.safetensors")


def test_a_pth_a_safetensors_and_a_sharded_set_load_to_the_same_network(tmp_path: Path) -> None:
    tensors = official_tensors()
    torch.save(tensors, tmp_path / "one.pth")
    names = sorted(tensors)
    shards = {"a-00001-of-00002.safetensors": names[::2], "a-00002-of-00002.safetensors": names[1::2]}
    for shard, keys in shards.items():
        save_file({key: tensors[key] for key in keys}, tmp_path / shard)
    weight_map = {key: shard for shard, keys in shards.items() for key in keys}
    index = tmp_path / "a.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": weight_map}))
    one, sharded, plain = (
        load(path).state_dict() for path in (tmp_path / "one.pth", index, GOLDEN / "dit_weights.safetensors")
    )
    assert one.keys() == sharded.keys() == plain.keys()
    assert all(torch.equal(one[key], plain[key]) and torch.equal(sharded[key], plain[key]) for key in plain)


@pytest.mark.parametrize(
    ("network", "count", "parameters"), [(SMALL, 825, 1.4190e9), (LARGE, 1095, 14.2885e9)]
)
def test_the_real_networks_have_the_published_numbers_of_keys_and_parameters(
    network: Network, count: int, parameters: float
) -> None:
    sizes = Sizes(network.dim, network.ffn_dim, network.num_heads, network.num_layers)
    with torch.device("meta"):
        state = WanTransformer3DModel(**sizes.config).state_dict()
    assert len(state) == count
    assert sum(tensor.numel() for tensor in state.values()) == pytest.approx(parameters, rel=1e-4)


def official_umt5_key(key: str) -> str:
    """The official name of a transformers name, written out the other way round."""
    if key == "shared.weight":
        return "token_embedding.weight"
    if key == "encoder.final_layer_norm.weight":
        return "norm.weight"
    rest = key.removeprefix("encoder.block.")
    number, _, rest = rest.partition(".")
    for ours, theirs in (
        ("layer.0.SelfAttention.relative_attention_bias", "pos_embedding.embedding"),
        ("layer.0.SelfAttention.", "attn."),
        ("layer.1.DenseReluDense.wi_0", "ffn.gate.0"),
        ("layer.1.DenseReluDense.wi_1", "ffn.fc1"),
        ("layer.1.DenseReluDense.wo", "ffn.fc2"),
        ("layer.0.layer_norm", "norm1"),
        ("layer.1.layer_norm", "norm2"),
    ):
        rest = rest.replace(ours, theirs)
    return f"blocks.{number}.{rest}"


def write_official(folder: Path, checkpoint: Path) -> Path:
    """The official layout: the golden networks, the tiny checkpoint's text encoder and tokenizer."""
    wan = folder / "Wan2.1-T2V-1.3B"
    wan.mkdir(parents=True)
    torch.save(official_tensors(), folder / TINY.file)
    torch.save(load_file(GOLDEN / "vae_weights.safetensors"), wan / "Wan2.1_VAE.pth")
    encoder = load_file(checkpoint / "text_encoder" / "model.safetensors")
    torch.save(
        {official_umt5_key(key): tensor for key, tensor in encoder.items()},
        wan / "models_t5_umt5-xxl-enc-bf16.pth",
    )
    shutil.copytree(checkpoint / "tokenizer", wan / "google" / "umt5-xxl")
    return folder


def test_the_official_layout_is_found_read_and_mapped(
    tmp_path: Path, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_official(tmp_path / "weights", checkpoint)
    text = json.loads((checkpoint / "text_encoder" / "config.json").read_text())
    # The published sizes are fixed in the code; tiny files need tiny ones.
    monkeypatch.setattr("models.phantom.weights.UMT5_XXL", text)
    monkeypatch.setattr("models.phantom.weights._sizes", lambda _: dict(SIZES.config))
    monkeypatch.setattr("models.phantom.weights._VAE", {"base_dim": 8})
    parts = PhantomWeights.find(folder, TINY)
    assert parts.official
    assert parts.transformer.name == TINY.file
    pipeline = parts.load(TINY, mode="parity", dtype=torch.float32)
    known = PhantomPipeline.from_pretrained(checkpoint)
    assert torch.equal(pipeline.encode_prompt("a fox"), known.encode_prompt("a fox"))


def test_a_missing_official_part_is_named(tmp_path: Path, checkpoint: Path) -> None:
    folder = write_official(tmp_path / "weights", checkpoint)
    (folder / "Wan2.1-T2V-1.3B" / "Wan2.1_VAE.pth").unlink()
    with pytest.raises(EngineError, match=r"lacks Wan2\.1-T2V-1\.3B/Wan2\.1_VAE\.pth"):
        PhantomWeights.find(folder, TINY)
    with pytest.raises(EngineError, match=r"lacks Phantom-Wan-1\.3B\.pth, Wan2\.1-T2V-1\.3B"):
        PhantomWeights.find(tmp_path / "nowhere", TINY)


def test_the_text_encoders_published_sizes_give_the_published_parameter_count() -> None:
    from transformers import UMT5Config, UMT5EncoderModel

    with torch.device("meta"):
        encoder = UMT5EncoderModel(UMT5Config(**UMT5_XXL))
    assert sum(parameter.numel() for parameter in encoder.parameters()) == pytest.approx(5.68e9, rel=5e-3)


Damage = Callable[[dict[str, torch.Tensor]], object]


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda t: t.pop("blocks.1.ffn.0.weight"), r"blocks\.1\.ffn\.net\.0\.proj\.weight is missing"),
        (
            lambda t: t.update({"img_emb.proj.0.weight": torch.zeros(2)}),
            r"img_emb\.proj\.0\.weight is not part of it",
        ),
        (
            lambda t: t.update({"head.head.weight": torch.zeros(8, 64)}),
            r"proj_out\.weight is \[8, 64\], not \[64, 64\]",
        ),
    ],
    ids=["a missing key", "an extra key", "another shape"],
)
def test_weights_that_do_not_fit_are_refused_by_name(tmp_path: Path, damage: Damage, words: str) -> None:
    tensors = official_tensors()
    damage(tensors)
    save_file(tensors, tmp_path / "w.safetensors")
    with pytest.raises(EngineError, match=f"does not fit WanTransformer3DModel: {words}"):
        load(tmp_path / "w.safetensors")


def test_another_models_weights_are_refused_with_the_number_of_differences(tmp_path: Path) -> None:
    config = {**SIZES.config, "num_layers": 2, "ffn_dim": 96}
    with pytest.raises(
        EngineError, match=r"blocks\.2\..+ is not part of it; .*and \d+ more; these are another"
    ):
        wan_models.load_transformer(
            GOLDEN / "dit_weights.safetensors", config, mode="exact", dtype=torch.float32, official=True
        )


class Payload:
    def __reduce__(self) -> tuple[Callable[[str], object], tuple[str]]:
        return (print, ("code in a pickle ran",))


def test_a_pickle_with_code_inside_is_refused_and_not_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.save({"blocks.0.modulation": Payload()}, tmp_path / "w.pth")
    with pytest.raises(EngineError, match="refused, since opening it could run code"):
        read_tensors(tmp_path / "w.pth")
    assert "ran" not in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["pth", "safetensors"])
def test_a_file_cut_short_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"w.{kind}"
    if kind == "pth":
        torch.save(official_tensors(), path)
    else:
        save_file(official_tensors(), path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(EngineError, match="cannot be read as weights, as if cut short"):
        read_tensors(path)


def test_files_that_hold_no_named_tensors_or_are_absent_are_refused(tmp_path: Path) -> None:
    torch.save([torch.zeros(1)], tmp_path / "list.pth")
    with pytest.raises(EngineError, match="does not hold named tensors"):
        read_tensors(tmp_path / "list.pth")
    with pytest.raises(EngineError, match="there are no weights at"):
        read_tensors(tmp_path / "none.pth")
    (tmp_path / "x.index.json").write_text("{}")
    with pytest.raises(EngineError, match="is no index of weight files"):
        read_tensors(tmp_path / "x.index.json")
    (tmp_path / "x.index.json").write_text('{"weight_map": {"a": "gone.safetensors"}}')
    with pytest.raises(EngineError, match=r"the shard .*gone\.safetensors is missing"):
        read_tensors(tmp_path / "x.index.json")


def test_a_checkpoint_without_its_tokenizer_is_refused(tmp_path: Path, checkpoint: Path) -> None:
    folder = tmp_path / "weights"
    shutil.copytree(checkpoint, folder)
    (folder / "tokenizer" / "tokenizer.json").unlink()
    engine = PhantomEngine(folder, PHANTOM_1_3B, device="cpu")
    with pytest.raises(EngineError, match=r"the tokenizer in .* cannot be loaded"):
        engine.load(folder, torch.device("cpu"), "exact")
    shutil.rmtree(folder / "tokenizer")
    with pytest.raises(EngineError, match="there is no tokenizer at"):
        PhantomEngine(folder, PHANTOM_1_3B, device="cpu")


def test_weights_are_known_by_their_sha256_and_the_hubs_revision(tmp_path: Path) -> None:
    folder = tmp_path / "phantom"
    folder.mkdir()
    path = folder / "w.safetensors"
    save_file({"a": torch.zeros(1)}, path)
    assert file_digests(folder) == {"w.safetensors": hashlib.sha256(path.read_bytes()).hexdigest()}
    plain = folder_identity(folder, file_digests(folder))
    assert plain.startswith("sha256:")
    notes = folder / ".cache/huggingface/download"
    notes.mkdir(parents=True)
    (notes / "w.safetensors.metadata").write_text("0123abcd\netag\n1700000000.0\n")
    assert folder_identity(folder, file_digests(folder)) == f"0123abcd+{plain}"
    (notes / "x.safetensors.metadata").write_text("4567ef00\netag\n1700000000.0\n")
    assert folder_identity(folder, file_digests(folder)) == plain
    save_file({"a": torch.ones(1)}, path)
    assert folder_identity(folder, file_digests(folder)) != plain


def test_float32_islands_are_those_of_each_mode() -> None:
    names = (
        "blocks.0.attn1.to_q.weight",
        "blocks.0.attn1.norm_q.weight",
        "proj_out.weight",
        "blocks.0.norm2.bias",
    )
    kept = {
        mode: [parameter_dtype(name, mode, torch.bfloat16) == torch.float32 for name in names]
        for mode in ("parity", "exact")
    }
    assert kept == {"parity": [False, True, True, True], "exact": [False, False, False, True]}


def test_exact_holds_the_dtypes_that_diffusers_itself_would(checkpoint: Path) -> None:
    theirs = WanTransformer3DModel.from_pretrained(checkpoint / "transformer", torch_dtype=torch.bfloat16)
    assert isinstance(theirs, nn.Module)
    for name, tensor in theirs.state_dict().items():
        assert parameter_dtype(name, "exact", torch.bfloat16) == tensor.dtype, name


def test_an_unknown_name_is_kept_so_that_loading_names_it() -> None:
    assert wan_keys.transformer_key("img_emb.proj.0.weight") == "img_emb.proj.0.weight"
    assert wan_keys.transformer_key("head.header.weight") == "head.header.weight"
    assert wan_keys.vae_key("extra.conv1.weight") == "extra.conv1.weight"
    assert wan_keys.umt5_key("normal.weight") == "normal.weight"


def test_the_pipeline_saves_and_loads_to_the_same_clip(checkpoint: Path, tmp_path: Path) -> None:
    first = PhantomPipeline.from_pretrained(checkpoint)
    first.save_pretrained(tmp_path)
    again = PhantomPipeline.from_pretrained(tmp_path)
    assert again.scheduler.config["flow_shift"] == 5.0
    for part in ("transformer", "vae", "text_encoder"):
        before, after = (getattr(pipeline, part).state_dict() for pipeline in (first, again))
        assert all(torch.equal(before[key], after[key]) for key in before)


def test_diffusers_loads_a_lora_onto_it_and_the_clip_follows(checkpoint: Path, tmp_path: Path) -> None:
    pytest.importorskip("peft", reason="LoRA needs peft")
    from PIL import Image

    pipeline = PhantomPipeline.from_pretrained(checkpoint)
    pipeline.set_progress_bar_config(disable=True)
    layer = "transformer.blocks.0.attn1.to_q"
    width = pipeline.transformer.config["num_attention_heads"] * 16
    generator = torch.Generator().manual_seed(0)
    save_file(
        {
            f"{layer}.lora_A.weight": torch.randn(2, width, generator=generator),
            f"{layer}.lora_B.weight": torch.randn(width, 2, generator=generator),
        },
        tmp_path / "lora.safetensors",
    )
    settings = {"height": 32, "width": 32, "num_frames": 5, "num_inference_steps": 2, "output_type": "latent"}
    picture = [Image.new("RGB", (32, 32), "red")]
    before = pipeline("a fox", picture, **settings).frames
    pipeline.load_lora_weights(str(tmp_path / "lora.safetensors"), adapter_name="style")
    with_lora = pipeline("a fox", picture, **settings).frames
    pipeline.unload_lora_weights()
    after = pipeline("a fox", picture, **settings).frames
    assert isinstance(before, torch.Tensor)
    assert isinstance(with_lora, torch.Tensor)
    assert isinstance(after, torch.Tensor)
    assert not torch.allclose(before, with_lora)
    assert torch.equal(before, after)
