"""The prompt expander that runs a language model in this process: any transformers causal model in a folder.

Greedy, so the same scene and weights give the same words. Slow without a GPU.
"""

import re
from dataclasses import replace
from functools import cached_property
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from models.expander import LANGUAGE_MODEL, ExpanderSpec, ExpansionRequest
from models.pretrained import Weights, choose_device, natural_dtype
from models.writing_brief import BRIEFS, scene_sheet
from reelhouse.errors import EngineError

MAX_NEW_TOKENS = 400
THOUGHTS = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)


class LanguageModelExpander:
    """Asks a local model for one paragraph.

    Args:
        weights: a folder with config.json, safetensors and tokenizer, or `repository@revision`.
        device: "auto", "cpu", "cuda" or "cuda:N".
    """

    def __init__(self, weights: str, *, device: str = "auto") -> None:
        self._weights = Weights.parse(weights)
        self._device = choose_device(device)

    @property
    def spec(self) -> ExpanderSpec:
        """The table's entry with the weights in use."""
        return replace(LANGUAGE_MODEL, weights_id=self._identity)

    def expand(self, request: ExpansionRequest) -> str:
        """See `PromptExpander.expand`."""
        # One message: some chat templates refuse a system's.
        instruction = f"{BRIEFS[request.language]}\n\n{scene_sheet(request)}"
        inputs = self._encoded(instruction).to(self._device)
        with torch.inference_mode():
            output = self._model.generate(
                **inputs,
                do_sample=False,
                num_beams=1,
                max_new_tokens=MAX_NEW_TOKENS,
                pad_token_id=self._pad_id,
            )
        words = self._tokenizer.decode(output[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True)
        paragraph = " ".join(THOUGHTS.sub("", words).split()).strip("\"'“”` ")
        if not paragraph:
            raise EngineError(
                f"the language model {self._weights.location} wrote nothing; use an instruction-tuned model, "
                "or the expander `rules`"
            )
        return paragraph

    def _encoded(self, instruction: str) -> Any:
        if not self._tokenizer.chat_template:
            return self._tokenizer(instruction + "\n\n", return_tensors="pt", return_token_type_ids=False)
        return self._tokenizer.apply_chat_template(
            [{"role": "user", "content": instruction}],
            add_generation_prompt=True,
            return_dict=True,
            return_tensors="pt",
            enable_thinking=False,  # read by the templates of models that think aloud, ignored by others
        )

    @property
    def _pad_id(self) -> int | None:
        pad = self._tokenizer.pad_token_id
        return self._tokenizer.eos_token_id if pad is None else pad

    @cached_property
    def _identity(self) -> str:
        return self._weights.identity

    @cached_property
    def _model(self) -> Any:
        return self._weights.load(
            AutoModelForCausalLM, device=self._device, dtype=natural_dtype(self._device)
        )

    @cached_property
    def _tokenizer(self) -> Any:
        return self._weights.load_part(AutoTokenizer)
