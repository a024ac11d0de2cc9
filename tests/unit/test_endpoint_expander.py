"""The endpoint expander against a real HTTP server, in good days and bad."""

import logging
import socket
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from models.endpoint_expander import EndpointExpander
from models.expander import ExpansionRequest, Language, SubjectWords
from reelhouse.clips import Role
from reelhouse.errors import EngineError, InputError, ServiceUnavailable

from ..chat_server import Answer, ChatServer, chat_server, says, writes

FOX = SubjectWords("red_fox", "a small red fox with a green scarf", Role.SUBJECT)
PARAGRAPH = "Soft light: a small red fox with a green scarf runs across a meadow."
KEY = "sk-very-secret-0123456789"


def scene(language: Language = "en") -> ExpansionRequest:
    return ExpansionRequest("the red fox runs", language, "storybook", "tracking left", (FOX,), 5.0)


def expander(
    server: ChatServer,
    waits: list[float] | None = None,
    *,
    api_key: str | None = None,
    timeout_s: float = 5.0,
) -> EndpointExpander:
    sleep = (lambda _: None) if waits is None else waits.append
    return EndpointExpander(
        server.url, model="small-model", api_key=api_key, timeout_s=timeout_s, sleep=sleep
    )


def test_it_asks_an_openai_compatible_endpoint_greedily_for_json() -> None:
    with chat_server(writes(PARAGRAPH)) as server:
        assert expander(server).expand(scene()) == PARAGRAPH
    [request] = server.requests
    assert request["path"] == "/v1/chat/completions"
    assert request["model"] == "small-model"
    assert (request["temperature"], request["seed"]) == (0, 0)
    assert request["response_format"] == {"type": "json_object"}
    assert "Authorization" not in server.headers[0]


def test_the_model_is_told_the_whole_scene() -> None:
    with chat_server(writes(PARAGRAPH)) as server:
        expander(server).expand(scene())
    assert server.requests[0]["messages"][1]["content"].splitlines() == [
        "Action: the red fox runs",
        "Style: storybook",
        "Camera: tracking left",
        "Length: 5 seconds",
        "red fox (subject): a small red fox with a green scarf",
    ]


def test_a_chinese_prompt_is_asked_for_in_chinese() -> None:
    with chat_server(writes("一只戴绿围巾的小红狐狸在清晨柔和的阳光里跑过开满鲜花的草地。")) as server:
        assert expander(server).expand(scene("zh")).startswith("一只")
    system, user = (message["content"] for message in server.requests[0]["messages"])
    assert "逐字照抄" in system
    assert "情节：the red fox runs" in user


@pytest.mark.parametrize(
    "content",
    [
        f'```json\n{{"prompt": "{PARAGRAPH}"}}\n```',
        f'<think>{{"draft": 1}} hm {{ </think>{{"prompt": "{PARAGRAPH}"}}',
        f'Here it is: {{"prompt": "  {PARAGRAPH} ", "language": "en"}}',
    ],
)
def test_json_is_found_among_fences_and_thoughts(content: str) -> None:
    with chat_server(says(content)) as server:
        assert expander(server).expand(scene()) == PARAGRAPH


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("A fox runs.", "The answer holds no JSON object."),
        ('{"prompt": "a fox', "The answer is not valid JSON."),
        ('{"text": "a fox runs over the hill"}', 'The JSON object has no text under "prompt".'),
        ('{"prompt": ["a fox"]}', 'The JSON object has no text under "prompt".'),
        ('{"prompt": "a fox"}', "The prompt has 5 characters; 20 to 4000 are wanted."),
        (f'{{"prompt": "{"fox " * 1200}"}}', "The prompt has 4799 characters; 20 to 4000 are wanted."),
        (None, "The answer holds no JSON object."),
    ],
)
def test_an_unusable_answer_is_sent_back_once_with_the_reason(content: str | None, complaint: str) -> None:
    with chat_server(says(content), writes(PARAGRAPH)) as server:
        assert expander(server).expand(scene()) == PARAGRAPH
    assert len(server.requests) == 2
    assert server.requests[1]["messages"][-1]["content"].startswith(complaint)


def test_two_unusable_answers_are_an_error_and_never_the_scenes_own_words() -> None:
    with (
        chat_server(says("A fox runs.")) as server,
        pytest.raises(EngineError, match=r"small-model at .* twice gave no usable prompt: .*no JSON object"),
    ):
        expander(server).expand(scene())
    assert len(server.requests) == 2


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_busy_service_is_asked_again_after_a_longer_and_longer_wait(status: int) -> None:
    busy = Answer("busy", status=status)
    waits: list[float] = []
    with chat_server(busy, busy, writes(PARAGRAPH)) as server:
        assert expander(server, waits).expand(scene()) == PARAGRAPH
    assert waits == [1.0, 2.0]


@pytest.mark.parametrize(("stated", "wait_s"), [("7", 7.0), ("3600", 30.0), ("soon", 1.0)])
def test_the_wait_that_a_service_asks_for_is_kept_within_a_limit(stated: str, wait_s: float) -> None:
    waits: list[float] = []
    busy = Answer("busy", status=429, headers={"Retry-After": stated})
    with chat_server(busy, writes(PARAGRAPH)) as server:
        expander(server, waits).expand(scene())
    assert waits == [wait_s]


def test_a_wait_until_a_moment_is_understood() -> None:
    waits: list[float] = []
    moment = format_datetime(datetime.now(UTC) + timedelta(seconds=12), usegmt=True)
    with chat_server(Answer(status=503, headers={"Retry-After": moment}), writes(PARAGRAPH)) as server:
        expander(server, waits).expand(scene())
    assert 8 < waits[0] <= 12


def test_a_service_that_stays_away_is_named_with_what_to_do_and_may_be_retried() -> None:
    with (
        chat_server(Answer("down", status=503)) as server,
        pytest.raises(ServiceUnavailable, match="answered 503") as caught,
    ):
        expander(server).expand(scene())
    assert len(server.requests) == 3
    assert caught.value.retryable
    assert f"{server.url}/chat/completions" in str(caught.value)
    assert "Check that it runs" in str(caught.value)


def test_nobody_listening_is_a_service_that_is_unavailable() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    away = EndpointExpander(
        f"http://127.0.0.1:{port}/v1", model="m", api_key=None, timeout_s=2, sleep=lambda _: None
    )
    with pytest.raises(ServiceUnavailable, match=f"127.0.0.1:{port}/v1/chat/completions is not available"):
        away.expand(scene())


def test_a_slow_service_is_given_up_after_the_timeout() -> None:
    with (
        chat_server(Answer(after_s=0.5)) as server,
        pytest.raises(ServiceUnavailable, match=r"did not answer within 0\.1 s"),
    ):
        expander(server, timeout_s=0.1).expand(scene())


def test_a_connection_that_breaks_is_tried_again() -> None:
    with chat_server(Answer(hangs_up=True), writes(PARAGRAPH)) as server:
        assert expander(server).expand(scene()) == PARAGRAPH


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_an_error_at_once_and_the_key_is_nowhere(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    refusal = Answer(f"bad key {KEY}", status=status)
    with chat_server(refusal) as server, pytest.raises(EngineError, match="refused the API key") as caught:
        expander(server, api_key=KEY).expand(scene())
    assert len(server.requests) == 1
    assert server.headers[0]["Authorization"] == f"Bearer {KEY}"
    assert KEY not in str(caught.value)
    assert KEY not in caplog.text


def test_a_missing_key_is_asked_for() -> None:
    with chat_server(Answer(status=401)) as server, pytest.raises(EngineError, match="wants an API key"):
        expander(server).expand(scene())


def test_a_service_that_quotes_the_key_does_not_get_it_into_the_message() -> None:
    with (
        chat_server(Answer(f"no model for {KEY}", status=404)) as server,
        pytest.raises(EngineError, match="answered 404 when asked for the model small-model") as caught,
    ):
        expander(server, api_key=KEY).expand(scene())
    assert KEY not in str(caught.value)
    assert not caught.value.retryable


@pytest.mark.parametrize("body", ["<html>Welcome</html>", "[]", '{"choices": []}', '{"choices": [{}]}'])
def test_another_kind_of_service_is_recognised(body: str) -> None:
    with (
        chat_server(Answer(body)) as server,
        pytest.raises(EngineError, match="does not answer like an OpenAI-compatible API"),
    ):
        expander(server).expand(scene())


@pytest.mark.parametrize("endpoint", ["localhost:11434/v1", "ftp://host/v1", "http://", "http://[::1/v1"])
def test_an_endpoint_that_is_no_http_url_is_refused(endpoint: str) -> None:
    with pytest.raises(InputError, match="http://host:port/v1"):
        EndpointExpander(endpoint, model="m", api_key=None, timeout_s=1)


@pytest.mark.parametrize("key", ["sk-a b", "sk-a\n", "sk-ä"])
def test_a_key_that_cannot_be_a_key_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(InputError, match="API key holds a space") as caught:
        EndpointExpander("http://host/v1", model="m", api_key=key, timeout_s=1)
    assert key not in str(caught.value)


def test_a_password_in_the_endpoint_is_not_shown() -> None:
    away = EndpointExpander(
        "http://ann:pass1234@127.0.0.1:9/v1", model="m", api_key=None, timeout_s=1, sleep=lambda _: None
    )
    with pytest.raises(ServiceUnavailable) as caught:
        away.expand(scene())
    assert "pass1234" not in str(caught.value)
