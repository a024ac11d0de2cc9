"""What may be written in a campaign, which films come of it, and what they share."""

import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from reelhouse.campaign import Campaign
from reelhouse.campaign_file import CampaignFile
from reelhouse.campaign_films import made_for, storyboard_for, written_for
from reelhouse.campaign_plan import CampaignPlan, unite
from reelhouse.campaign_reader import read_campaign
from reelhouse.errors import InputError, StoryboardError
from reelhouse.plan import make_plan
from reelhouse.plan_takes import Tools
from reelhouse.stages import Stage
from reelhouse.storyboard import Mask
from reelhouse.storyboard_reader import read_storyboard

from .test_plan import ENGINE, FakeTool, no_other

ROOT = Path(__file__).parents[2]
TOOLS = Tools(ENGINE, FakeTool("masks"), FakeTool("words"), find_engine=no_other)
BOARD = """title: Fox
engine: fake
subjects:
  fox: {description: a red fox, images: fox.png, mask: {box: [1, 1, 9, 9]}}
  kite: {description: a kite, images: kite.png}
scenes:
  - {id: a, prompt: {en: the fox runs, zh: 狐狸跑}, caption: {en: Run., zh: 跑。}}
  - {id: b, prompt: {en: the kite flies, zh: 风筝飞}}
  - {id: c, prompt: {en: the fox and the kite rest, zh: 狐狸和风筝休息}, caption: fin}
"""
HEAD = "name: spring\nstoryboard: board.yaml\n"
AXES = """variants:
  locale: [en, zh]
  cast:
    - {name: yellow kite}
    - {name: red kite, subjects: {kite: {images: red.png, description: a red kite}}}
  shape: ["16:9", "9:16"]
"""
NOW = datetime(2027, 3, 1, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("campaign")
    for name, colour in (("fox", "red"), ("kite", "yellow"), ("red", "orange"), ("card", "blue")):
        Image.new("RGB", (60, 40), colour).save(folder / f"{name}.png")
    (folder / "board.yaml").write_text(BOARD, encoding="utf-8")
    return folder


@pytest.fixture
def read(folder: Path) -> Callable[[str], Campaign]:
    def read(text: str) -> Campaign:
        file = folder / "campaign.yaml"
        file.write_text(text, encoding="utf-8")
        return read_campaign(file)

    return read


def plan_of(campaign: Campaign) -> CampaignPlan:
    """Planned with nothing made yet."""
    films = [
        (variant.name, plan, plan.outstanding(lambda step: False))
        for variant in campaign.variants
        for plan in [made_for(campaign, variant, lambda board: make_plan(board, TOOLS))]
    ]
    return unite(campaign, films, {"engine": 1, "cpu": 2})


def boards(campaign: Campaign):
    return [storyboard_for(campaign, variant) for variant in campaign.variants]


def test_a_film_is_made_of_every_combination_and_named_by_it(read):
    campaign = read(HEAD + AXES)
    assert [campaign.film_name(variant) for variant in campaign.variants] == [
        f"Fox, {locale}, {cast}, {shape}"
        for locale, cast, shape in itertools.product(
            ("en", "zh"), ("yellow kite", "red kite"), ("16:9", "9:16")
        )
    ]


def test_what_is_left_out_by_name_is_not_made(read):
    campaign = read(HEAD + "variants: {locale: [en, zh], shape: ['16:9', '9:16']}\nwithout: ['zh, 9:16']\n")
    assert [variant.name for variant in campaign.variants] == ["en, 16:9", "en, 9:16", "zh, 16:9"]


def test_a_locale_changes_the_captions_and_not_what_the_engine_is_told(read):
    english, chinese = boards(read(HEAD + "variants: {locale: [en, {captions: zh, title: 狐狸}]}\n"))
    assert (english.captions, chinese.captions) == (("en",), ("zh",))
    assert (english.language, chinese.language) == ("en", "en")
    assert (english.title, chinese.title) == ("Fox", "狐狸")


def test_a_locale_adds_no_engine_call(read):
    one, two = (plan_of(read(f"{HEAD}variants: {{locale: [{names}]}}\n")) for names in ("en", "en, zh"))
    assert one.engine_calls == two.engine_calls == 3
    assert {step.stage for step in two.films[1].new} == {Stage.PIECE, Stage.FILM, Stage.STILLS}


def test_a_locale_may_ask_that_the_engine_is_told_in_it(read):
    campaign = read(HEAD + "variants: {locale: [en, {captions: zh, prompts: zh}]}\n")
    assert [board.language for board in boards(campaign)] == ["en", "zh"]
    assert plan_of(campaign).engine_calls == 6


def test_another_product_films_only_the_scenes_it_is_in(read):
    plan = plan_of(read(HEAD + AXES.replace("[en, zh]", "[en]").replace('"16:9", ', "")))
    assert [film.engine_calls for film in plan.films] == [3, 2]
    assert {step.label for step in plan.films[1].new if step.engine_calls} == {"b", "c"}


def test_a_box_drawn_for_other_pictures_goes_with_them(read):
    cast = "variants: {cast: [{name: card, subjects: {fox: {images: card.png}}}]}\n"
    [board] = boards(read(HEAD + cast))
    assert board.subjects["fox"].mask == Mask("auto")
    assert board.subjects["fox"].description.in_language("en") == "a red fox"


def test_a_shape_cuts_the_film_and_a_film_size_films_anew(read):
    cut, anew = boards(read(HEAD + "variants: {shape: ['9:16', {film: 480x832}]}\n"))
    assert [(one.name, one.width, one.height) for one in cut.deliver] == [("9-16", 474, 842)]
    assert (cut.width, cut.height, anew.width, anew.height) == (832, 480, 480, 832)
    assert anew.deliver == ()


def test_another_end_card_calls_no_engine(read):
    campaign = read(HEAD + "variants: {end_card: [{name: plain}, {picture: card.png, duration: 3s}]}\n")
    plain, with_card = boards(campaign)
    assert plain.brand.end_card is None
    assert with_card.brand.end_card
    assert with_card.brand.end_card_s == 3
    assert plan_of(campaign).engine_calls == 3


def test_the_engine_and_quality_of_the_campaign_are_those_of_its_films(read):
    campaign = read(HEAD + "engine: testcard\nquality: final\nvariants: {locale: [en]}\n")
    assert [(board.engine, board.quality) for board in boards(campaign)] == [("testcard", "final")]


def test_a_film_is_an_ordinary_storyboard_that_gives_the_same_steps(read, folder):
    campaign = read(HEAD + AXES)
    for variant in campaign.variants:
        file = folder / "film.yaml"
        file.write_text(written_for(campaign, variant), encoding="utf-8")
        again = make_plan(read_storyboard(file), TOOLS)
        assert again.digest == made_for(campaign, variant, lambda board: make_plan(board, TOOLS)).digest


def test_every_file_that_the_films_need_is_named(read):
    campaign = read(HEAD + AXES)
    assert set(campaign.files) == {"board.yaml", "fox.png", "kite.png", "red.png"}


@given(st.sets(st.integers(0, 7), min_size=1))
def test_any_films_together_call_the_engine_once_for_each_distinct_take(folder, chosen):
    file = folder / "any.yaml"
    file.write_text(HEAD + AXES, encoding="utf-8")
    campaign = read_campaign(file)
    some = replace(campaign, variants=tuple(campaign.variants[index] for index in sorted(chosen)))
    plan = plan_of(some)
    takes = {step.key for film in plan.films for step in film.plan.of(Stage.TAKE)}
    assert plan.engine_calls == len(takes)
    assert len({step.key for step in plan.steps}) == len(plan.steps)
    for film in plan.films:
        assert len(film.new) + len(film.shared) + film.made == len(film.plan.steps)


def test_over_the_budget_the_last_films_that_do_not_fit_are_named(read):
    # The fake engine takes 2 s a call: the first film 6 s, the red kite 4 s more, locales nothing.
    plan = plan_of(read(HEAD + "budget: 8s\n" + AXES))
    with pytest.raises(StoryboardError) as caught:
        plan.check(NOW)
    assert caught.value.line == 3
    gone = ["en, red kite, 16:9", "en, red kite, 9:16", "zh, red kite, 16:9", "zh, red kite, 9:16"]
    assert [film.variant for film in plan.over_budget] == gone
    assert 'without: ["en, red kite, 16:9", ' in str(caught.value)


def test_without_the_films_it_names_the_campaign_keeps_its_budget(read):
    plan = plan_of(read(HEAD + "budget: 8s\n" + AXES))
    names = json.dumps([film.variant for film in plan.over_budget])
    plan_of(read(f"{HEAD}budget: 8s\n{AXES}without: {names}\n")).check(NOW)


def test_a_budget_too_small_for_one_film_says_so(read):
    with pytest.raises(InputError, match="not enough for a single film"):
        plan_of(read(HEAD + "budget: 1s\n" + AXES)).check(NOW)


@pytest.mark.parametrize("is_moment", [False, True])
def test_films_that_would_be_late_are_named_and_without_them_the_others_are_in_time(read, is_moment):
    allowed_s = int(plan_of(read(HEAD + AXES)).expected_s) - 2
    moment = (NOW + timedelta(seconds=allowed_s)).isoformat()
    head = f"{HEAD}deadline: {moment if is_moment else allowed_s}\n{AXES}"
    plan = plan_of(read(head))
    late = [film.variant for film in plan.late(NOW)]
    assert late
    assert plan.films[0].variant not in late
    with pytest.raises(InputError, match="after the deadline"):
        plan.check(NOW)
    plan_of(read(f"{head}without: {json.dumps(late)}\n")).check(NOW)


# What is written after the head (two lines), the line the message must name, and what it must say.
WRONG = {
    "an unknown key": ("budgets: 3s\nvariants: {locale: [en]}\n", 3, 'did you mean "budget"?'),
    "an unknown key in an entry": (
        "variants:\n  shape:\n  - {aspekt: '1:1'}\n",
        5,
        'did you mean "aspect"?',
    ),
    "no axis": ("variants: {}\n", 3, "at least one of locale, cast, shape, end_card"),
    "an empty axis": ("variants: {locale: []}\n", 3, "at least one is wanted"),
    "two entries of one name": ("variants:\n  locale: [en, en]\n", 4, 'two entries are called "en"'),
    "a language nobody knows": ("variants: {locale: [fr]}\n", 3, "found 'fr'"),
    "an entry without a name": ("variants:\n  shape:\n  - {reframe: blur}\n", 5, "needs a name"),
    "a comma in a name": ("variants: {cast: [{name: 'a, b'}]}\n", 3, "name"),
    "a subject nobody knows": (
        "variants:\n  cast:\n  - name: red\n    subjects:\n      kit: {images: red.png}\n",
        7,
        'did you mean "kite"?',
    ),
    "a missing picture": (
        "variants:\n  cast:\n  - name: red\n    subjects:\n      kite:\n        images: rad.png\n",
        8,
        'did you mean "red.png"?',
    ),
    "a film left out that there is not": (
        "variants: {locale: [en, zh]}\nwithout:\n- en\n- zhh\n",
        6,
        'no variant "zhh": did you mean "zh"?',
    ),
    "every film left out": ("variants: {locale: [en]}\nwithout: [en]\n", 3, "these are 0 films"),
    "a shape and a size": (
        "variants:\n  shape:\n  - {aspect: '1:1', size: 64x64}\n",
        5,
        "one of aspect, size and film",
    ),
    "an impossible aspect": ("variants:\n  shape: ['16:0']\n", 4, "an aspect such as"),
    "a span that is none": ("variants: {locale: [en]}\nbudget: much\n", 4, "a span of time"),
    "a moment without a zone": (
        "variants: {locale: [en]}\ndeadline: 2027-03-01T09:00\n",
        4,
        "needs its zone",
    ),
    "four cron fields": ("variants: {locale: [en]}\nschedule: 0 6 * *\n", 4, "five cron fields"),
    "a 25th hour": ("variants: {locale: [en]}\nschedule: 0 25 * * *\n", 4, "no hour from 0 to 23"),
    "a backward range": ("variants: {locale: [en]}\nschedule: 0 6 * * fri-mon\n", 4, "no weekday"),
    "a zone nobody knows": (
        "variants: {locale: [en]}\nschedule: {cron: 0 6 * * *, timezone: Berlin}\n",
        4,
        "a time zone such as",
    ),
    "a caption in letters the typeface lacks": (
        "variants:\n  locale:\n  - en\n  - {captions: en, name: b, title: Fox 🦊}\n",
        6,
        'with "b"',
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_named_with_its_line(read, folder, case):
    text, line, message = WRONG[case]
    with pytest.raises(StoryboardError) as caught:
        read(HEAD + text)
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{folder / 'campaign.yaml'}:{line}: ")


def test_what_is_wrong_in_the_storyboard_is_named_there(tmp_path):
    (tmp_path / "board.yaml").write_text("titel: Fox\n", encoding="utf-8")
    (tmp_path / "campaign.yaml").write_text(HEAD + "variants: {locale: [en]}\n", encoding="utf-8")
    with pytest.raises(StoryboardError, match=r"board\.yaml:1: unknown key"):
        read_campaign(tmp_path / "campaign.yaml")


def test_a_locale_without_its_captions_is_refused_and_not_filled_in(tmp_path):
    board = "title: Fox\nscenes:\n- {id: a, prompt: x, caption: {en: Run.}}\n"
    (tmp_path / "board.yaml").write_text(board, encoding="utf-8")
    (tmp_path / "campaign.yaml").write_text(HEAD + "variants: {locale: [en, zh]}\n", encoding="utf-8")
    with pytest.raises(StoryboardError, match='scene "a" has no caption in zh') as caught:
        read_campaign(tmp_path / "campaign.yaml")
    assert "board.yaml:3" in str(caught.value)


def test_what_the_engine_cannot_make_is_blamed_on_the_entry_that_asks_it(read):
    campaign = read(HEAD + "variants:\n  locale: [en]\n  shape:\n  - '9:16'\n  - {film: 482x832}\n")
    with pytest.raises(StoryboardError, match=r'campaign\.yaml:7: with "482x832": fake makes') as caught:
        plan_of(campaign)
    assert caught.value.line == 7


def test_the_example_is_four_films_that_film_each_scene_once():
    campaign = read_campaign(ROOT / "examples/fox-and-kite/campaign.yaml")
    tools = replace(TOOLS, engine=replace(ENGINE, name="animatic"))
    films = [
        (variant.name, plan, plan.outstanding(lambda step: False))
        for variant in campaign.variants
        for plan in [made_for(campaign, variant, lambda board: make_plan(board, tools))]
    ]
    plan = unite(campaign, films, {"engine": 1, "cpu": 1})
    assert (len(plan.films), plan.engine_calls) == (4, len(campaign.board.scenes))


def test_the_exported_schema_is_current():
    exported = json.loads((ROOT / "docs/campaign.schema.json").read_text(encoding="utf-8"))
    assert exported == CampaignFile.model_json_schema(), "run: make schema"
