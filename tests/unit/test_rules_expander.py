"""The paragraphs written by rule: that they read well, keep what was given and never contradict it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.expander import ExpansionRequest, Language, SubjectWords, expand_prompt
from models.rules_expander import RulesExpander
from reelhouse.clips import Role

FOX = SubjectWords("fox", "a small red fox with a green scarf", Role.SUBJECT)
KITE = SubjectWords("kite", "a yellow diamond kite with a blue tail", Role.PRODUCT)
MIA = SubjectWords("Mia", "a six-year-old girl with red boots", Role.SUBJECT)
ROBOT = SubjectWords("robot", "a tall, friendly robot with blue eyes", Role.SUBJECT)
BOOTS = SubjectWords("boots", "red rubber boots with yellow soles", Role.PRODUCT)
CUP = SubjectWords("coffee_cup", "a white ceramic cup with a blue rim", Role.PRODUCT)
MEADOW = SubjectWords("meadow", "a wide meadow full of poppies", Role.BACKGROUND)
INK = SubjectWords("ink", "loose ink drawings on cream paper", Role.STYLE)
小狐 = SubjectWords("狐狸", "一只戴绿围巾的小红狐狸", Role.SUBJECT)
小美 = SubjectWords("小美", "一个六岁女孩，穿红色雨靴", Role.SUBJECT)


def write(
    action: str,
    *subjects: SubjectWords,
    style: str = "",
    camera: str = "",
    language: Language = "en",
    duration_s: float = 5.0,
) -> str:
    request = ExpansionRequest(action, language, style, camera, subjects, duration_s)
    expanded = expand_prompt(RulesExpander(), request)
    assert expanded.added == (), "the rules leave no description to be added"
    return expanded.prompt


def first_sentence(text: str) -> str:
    return re.split(r"(?<=[.。])\s*", text)[0]


@pytest.mark.parametrize(
    ("action", "subjects", "opening"),
    [
        (
            "the fox runs across a meadow pulling the kite",
            (FOX, KITE),
            "In one continuous shot, a small red fox with a green scarf runs across a meadow pulling a "
            "yellow diamond kite with a blue tail.",
        ),
        (
            "The little fox sleeps under a tree",
            (FOX,),
            "In one continuous shot, the little fox, a small red fox with a green scarf, sleeps under a "
            "tree.",
        ),
        (
            "Mia flies her kite",
            (MIA, KITE),
            "In one continuous shot, Mia, a six-year-old girl with red boots, flies her kite, a yellow "
            "diamond kite with a blue tail.",
        ),
        (
            "the robot pours tea",
            (ROBOT,),
            "In one continuous shot, the robot (a tall, friendly robot with blue eyes) pours tea.",
        ),
        (
            "runs along the beach",
            (FOX,),
            "In one continuous shot, a small red fox with a green scarf runs along the beach.",
        ),
        (
            "she throws the kite into the air",
            (MIA, KITE),
            "In one continuous shot, a six-year-old girl with red boots throws a yellow diamond kite with a "
            "blue tail into the air.",
        ),
        (
            "coffee cup on a wooden table",
            (CUP,),
            "In one continuous shot, the coffee cup, a white ceramic cup with a blue rim, on a wooden table.",
        ),
        (
            "the boots stand in a puddle",
            (BOOTS,),
            "In one continuous shot, the scene shows red rubber boots with yellow soles.",
        ),
        (
            "the kite string snaps",
            (KITE,),
            "In one continuous shot, the scene shows a yellow diamond kite with a blue tail.",
        ),
        (
            "the fox's tail brushes the grass, then the fox sits",
            (FOX,),
            "In one continuous shot, the fox's tail brushes the grass, then a small red fox with a green "
            "scarf sits.",
        ),
        (
            "",
            (FOX, KITE),
            "In one continuous shot, the scene shows a small red fox with a green scarf and a yellow diamond "
            "kite with a blue tail.",
        ),
    ],
)
def test_descriptions_are_woven_in_where_the_subject_is_first_named(
    action: str, subjects: tuple[SubjectWords, ...], opening: str
) -> None:
    assert first_sentence(write(action, *subjects)) == opening


def test_a_longer_name_is_not_a_mention_of_a_shorter_one() -> None:
    cub = SubjectWords("fox cub", "a fox cub with white paws", Role.SUBJECT)
    assert "a fox cub with white paws plays" in write("the fox cub plays", FOX, cub)


def test_a_background_and_a_look_get_sentences_of_their_own() -> None:
    text = write("the fox runs up a hill", FOX, MEADOW, INK)
    assert "The background shows a wide meadow full of poppies." in text
    assert "The look of the whole picture is that of loose ink drawings on cream paper." in text


def test_a_style_opens_the_paragraph() -> None:
    text = write("the fox stops", FOX, style="warm storybook illustration.")
    assert text.startswith("Warm storybook illustration: a small red fox with a green scarf stops.")


@pytest.mark.parametrize(
    ("camera", "sentence"),
    [
        ("tracking left", "The camera smoothly tracks to the left, keeping up with the action."),
        ("slow push in", "The camera slowly moves closer."),
        ("zoom out slowly", "The camera slowly zooms out."),
        ("a static shot", "The camera stays perfectly still and lets the action play."),
        ("close-up", "A close-up shot, held steady."),
        ("low angle, 35mm lens, slow push in", "Camera: low angle, 35mm lens, slow push in."),
    ],
)
def test_the_camera_asked_for_is_the_camera_written(camera: str, sentence: str) -> None:
    text = write("the fox runs", FOX, camera=camera)
    assert sentence in text
    assert "drifts" not in text


def test_a_camera_in_the_action_is_not_given_a_second_one() -> None:
    assert text_of_camera(write("the camera circles the fox", FOX)) == 1


def text_of_camera(text: str) -> int:
    return text.lower().count("camera")


@pytest.mark.parametrize(
    ("action", "style", "must", "must_not"),
    [
        ("the fox runs at night", "", "The night is deep", "natural light|Sunlight|morning"),
        ("the fox runs at sunset", "", "Low, warm light", "natural light"),
        ("the fox runs", "black and white film", "contrast", "colours"),
        ("the fox turns into a star", "", "turns into a star", "stay the same"),
        ("the fox runs", "stop-motion clay", "", "smooth and natural"),
        ("a time-lapse of the fox asleep", "", "Time passes quickly", "without cuts"),
        ("the fox runs", "flat 2D vector art", "Outlines stay clean", "clear depth"),
    ],
)
def test_nothing_is_added_that_contradicts_the_storyboard(
    action: str, style: str, must: str, must_not: str
) -> None:
    text = write(action, FOX, style=style)
    assert must in text
    assert not re.search(must_not, text)


@pytest.mark.parametrize("action", ["a cat sleeps", "the fox runs", "Snow falls on the roofs of an old town"])
@pytest.mark.parametrize("style", ["", "watercolour"])
@pytest.mark.parametrize("subjects", [(), (FOX,), (FOX, KITE, MEADOW, INK)])
def test_a_paragraph_has_60_to_110_words(action: str, style: str, subjects: tuple[SubjectWords, ...]) -> None:
    assert 60 <= len(write(action, *subjects, style=style).split()) <= 110


def test_what_was_given_is_kept_however_long_it_is() -> None:
    long = SubjectWords("fox", "a fox with " + " and ".join(["a scarf"] * 60), Role.SUBJECT)
    text = write("the fox runs", long, camera="very low angle")
    assert long.description in text
    assert "Camera: very low angle." in text


@pytest.mark.parametrize(
    ("action", "subjects", "opening"),
    [
        ("狐狸跑过草地", (小狐,), "一只戴绿围巾的小红狐狸跑过草地。"),
        ("一只狐狸停在山坡上", (小狐,), "一只戴绿围巾的小红狐狸停在山坡上。"),
        ("小狐狸睡着了", (小狐,), "小狐狸（一只戴绿围巾的小红狐狸）睡着了。"),
        ("小美在雨中奔跑", (小美,), "小美（一个六岁女孩，穿红色雨靴）在雨中奔跑。"),
        ("狐狸跑过草地", (FOX,), "画面主体：a small red fox with a green scarf。"),
    ],
)
def test_a_chinese_paragraph_weaves_descriptions_in_too(
    action: str, subjects: tuple[SubjectWords, ...], opening: str
) -> None:
    assert first_sentence(write(action, *subjects, language="zh")) == opening


@pytest.mark.parametrize(
    ("camera", "sentence"),
    [
        ("跟拍向左", "镜头平稳地向左跟拍"),
        ("tracking left", "镜头平稳地向左跟拍"),
        ("缓慢推近", "镜头缓缓推近。"),
        ("向右摇", "镜头在原地缓缓向右摇。"),
        ("低角度，35毫米", "镜头：低角度，35毫米。"),
    ],
)
def test_a_chinese_camera_is_the_one_asked_for(camera: str, sentence: str) -> None:
    assert sentence in write("狐狸跑过草地", 小狐, camera=camera, language="zh")


@pytest.mark.parametrize("action", ["狐狸跑过草地", "城市里下着雪"])
def test_a_chinese_paragraph_has_80_to_220_characters(action: str) -> None:
    assert 80 <= len(write(action, 小狐, language="zh", style="水彩")) <= 220


WORDS = st.sampled_from(
    (
        "the",
        "fox",
        "kite",
        "a",
        "runs",
        "over",
        "happily",
        "it.",
        "狐狸",
        "（",
        "!",
        ",",
        "night",
        "slow",
        "'s",
    )
)


@given(
    action=st.lists(WORDS, max_size=12).map(" ".join),
    style=st.lists(WORDS, max_size=4).map(" ".join),
    camera=st.lists(WORDS, max_size=3).map(" ".join),
    language=st.sampled_from(["en", "zh"]),
    duration_s=st.sampled_from([1.0, 5.0]),
)
def test_whatever_is_given_every_description_is_there_and_the_text_is_the_same_again(
    action: str, style: str, camera: str, language: Language, duration_s: float
) -> None:
    request = ExpansionRequest(action, language, style, camera, (FOX, KITE, MEADOW, 小狐), duration_s)
    text = RulesExpander().expand(request)
    assert all(subject.description in text for subject in request.subjects)
    assert RulesExpander().expand(request) == text


@pytest.mark.parametrize("action", ["the fox runs", "the the fox", "Mia, the fox and the kite rest", "fox"])
def test_no_word_is_doubled_that_was_not(action: str) -> None:
    doubled = re.findall(r"\b(\w+) \1\b", write(action, FOX, KITE, MIA), re.IGNORECASE)
    assert doubled == re.findall(r"\b(\w+) \1\b", action)[: len(doubled)]
