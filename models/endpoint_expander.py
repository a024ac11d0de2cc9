"""The prompt expander behind an OpenAI-compatible endpoint: vLLM, Ollama or a hosted service.

Asks for JSON and checks it; asks once more where it is not JSON; tries again where the service is busy. It
never hands back the scene's own words as if they were an expansion. The key is in no message and no log.
"""

import json
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from models.expander import ENDPOINT, ExpanderSpec, ExpansionRequest
from models.writing_brief import BRIEFS, JSON_ONLY, scene_sheet
from reelhouse.errors import EngineError, InputError, ServiceUnavailable

logger = logging.getLogger(__name__)

ATTEMPTS = 3
FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 30.0
SHORTEST_PROMPT, LONGEST_PROMPT = 20, 4000  # characters
MAX_TOKENS = 1024


class EndpointExpander:
    """Asks a chat model, greedily, for one JSON object.

    Args:
        endpoint: base URL, up to and including `/v1`.
        model: the model's name at the endpoint.
        api_key: sent as a bearer token; None where the endpoint wants none.
        timeout_s: for connecting, and for each answer.
        sleep: waits between attempts; a test hands in its own.

    Raises:
        InputError: the endpoint is no http(s) URL, or the key cannot be sent in a header.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        model: str,
        api_key: str | None,
        timeout_s: float,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        try:
            url = httpx.URL(endpoint.rstrip("/") + "/chat/completions")
        except httpx.InvalidURL as error:
            raise InputError(f"the endpoint is no URL ({error}); write it as http://host:port/v1") from error
        if url.scheme not in ("http", "https") or not url.host:
            raise InputError(
                "the endpoint must begin with http:// or https:// and a host, as http://host:port/v1"
            )
        # httpx quotes a header it cannot send in its error, key and all.
        if api_key is not None and not (api_key.isascii() and api_key.isprintable() and " " not in api_key):
            raise InputError("the endpoint's API key holds a space, line break or other sign that no key has")
        self._url = url
        self._shown = str(url.copy_with(userinfo=b""))
        self._model = model
        self._api_key = api_key
        self._timeout_s = timeout_s
        self._sleep = sleep

    @property
    def spec(self) -> ExpanderSpec:
        """The table's entry with the model asked."""
        return replace(ENDPOINT, weights_id=self._model)

    def expand(self, request: ExpansionRequest) -> str:
        """See `PromptExpander.expand`."""
        messages = [
            {"role": "system", "content": f"{BRIEFS[request.language]}\n{JSON_ONLY[request.language]}"},
            {"role": "user", "content": scene_sheet(request)},
        ]
        answer = self._ask(messages)
        prompt, problem = _read_prompt(answer)
        if prompt is None:
            logger.warning("expander %s: asking again: %s", self._model, problem)
            messages += [
                {"role": "assistant", "content": answer},
                {"role": "user", "content": f"{problem}\n{JSON_ONLY[request.language]}"},
            ]
            prompt, problem = _read_prompt(self._ask(messages))
        if prompt is None:
            raise EngineError(
                f"the model {self._model} at {self._shown} twice gave no usable prompt: {problem} "
                "Use a model that follows instructions better, or the expander `rules`."
            )
        return prompt

    def _ask(self, messages: list[dict[str, str]]) -> str:
        """Return what the model says; try again where the service is away or busy."""
        problem = ""
        cause: httpx.HTTPError | None = None
        with httpx.Client(timeout=self._timeout_s, trust_env=False) as client:
            for attempt in range(ATTEMPTS):
                wait_s = FIRST_WAIT_S * 2**attempt
                cause = None
                try:
                    response = client.post(self._url, headers=self._headers(), json=self._body(messages))
                except httpx.TimeoutException as error:
                    problem, cause = f"it did not answer within {self._timeout_s:g} s", error
                except httpx.HTTPError as error:
                    problem, cause = f"{type(error).__name__}: {error}", error
                else:
                    if response.status_code != 429 and response.status_code < 500:
                        return self._content(response)
                    problem = f"it answered {response.status_code} {response.reason_phrase}"
                    wait_s = _retry_after_s(response) or wait_s
                if attempt == ATTEMPTS - 1:
                    break
                wait_s = min(wait_s, LONGEST_WAIT_S)
                logger.warning("expander %s: %s; again in %.1f s", self._model, problem, wait_s)
                self._sleep(wait_s)
        raise ServiceUnavailable(
            f"the prompt endpoint {self._shown} is not available: {problem}. Check that it runs and that the "
            "address is right, then try again; or use the expander `rules`, which needs no service"
        ) from cause

    def _headers(self) -> dict[str, str]:
        return {} if self._api_key is None else {"Authorization": f"Bearer {self._api_key}"}

    def _body(self, messages: list[dict[str, str]]) -> dict[str, Any]:
        return {
            "model": self._model,
            "messages": messages,
            "temperature": 0,
            "seed": 0,
            "max_tokens": MAX_TOKENS,
            "response_format": {"type": "json_object"},
        }

    def _content(self, response: httpx.Response) -> str:
        """Return the first choice's words.

        Raises:
            EngineError: the service refused, or answered in another shape than OpenAI's.
        """
        if response.status_code in (401, 403):
            known = "refused the API key" if self._api_key else "wants an API key"
            raise EngineError(
                f"the prompt endpoint {self._shown} {known} ({response.status_code}); check the key in "
                "the settings"
            )
        if response.status_code != 200:
            raise EngineError(
                f"the prompt endpoint {self._shown} answered {response.status_code} when asked for the "
                f"model {self._model}: {self._excerpt(response)}; check the model and the address, it ends "
                "in /v1"
            )
        try:
            content = response.json()["choices"][0]["message"]["content"]
        except (ValueError, LookupError, TypeError) as error:
            raise EngineError(
                f"the prompt endpoint {self._shown} does not answer like an OpenAI-compatible API: "
                f"{self._excerpt(response)}; check the address, it ends in /v1"
            ) from error
        return content if isinstance(content, str) else ""

    def _excerpt(self, response: httpx.Response) -> str:
        text = " ".join(response.text.split())[:200]
        return text.replace(self._api_key, "…") if self._api_key else text


def _read_prompt(answer: str) -> tuple[str | None, str]:
    """Return the prompt in a model's answer, or None and what is wrong with the answer."""
    decoder = json.JSONDecoder()
    # Models wrap JSON in fences and thoughts; the last object that has a prompt is the answer.
    prompt: object = None
    start = answer.find("{")
    if start < 0:
        return None, "The answer holds no JSON object."
    is_json = False
    while start >= 0:
        try:
            value, end = decoder.raw_decode(answer, start)
        except ValueError:
            end = start + 1
        else:
            is_json = True
            prompt = value.get("prompt", prompt)
        start = answer.find("{", end)
    if not is_json:
        return None, "The answer is not valid JSON."
    if not isinstance(prompt, str):
        return None, 'The JSON object has no text under "prompt".'
    paragraph = prompt.strip()
    if not SHORTEST_PROMPT <= len(paragraph) <= LONGEST_PROMPT:
        limits = f"{SHORTEST_PROMPT} to {LONGEST_PROMPT}"
        return None, f"The prompt has {len(paragraph)} characters; {limits} are wanted."
    return paragraph, ""


def _retry_after_s(response: httpx.Response) -> float | None:
    """Return how long the service asks to wait, given in seconds or as a date."""
    stated = response.headers.get("Retry-After", "")
    try:
        return max(0.0, float(stated))
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(stated)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
