"""Prefect's page, as an operator has it: a film is asked for in the form and watched on the run's page."""

import io
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass

import av
import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from models.catalog import ENGINES

from .prefect_page import NoBrowser, RunForm, RunPage, chromium, page_of
from .studios import House, studio_up

pytestmark = [pytest.mark.services, pytest.mark.timeout(600)]
BOARD = """\
title: Two Scenes
engine: animatic
quality: final
video: {size: 64x64, frame_rate: 16}
scenes:
  - {id: one, prompt: the first, duration: 0.6s}
  - {id: two, prompt: the second, duration: 0.6s}
deliver:
  - {name: tall, aspect: "9:16"}
  - {name: wide, aspect: "16:9"}
"""


@dataclass(frozen=True)
class Prefect:
    """A studio's Prefect server."""

    house: House

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.house.port('prefect')}"

    def runs(self) -> list[str]:
        """The ids of all runs of films."""
        asked = {"flows": {"name": {"any_": ["render-storyboard"]}}}
        return [run["id"] for run in httpx.post(f"{self.url}/api/flow_runs/filter", json=asked).json()]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    try:
        with chromium() as browser:
            yield browser
    except NoBrowser as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def prefect(browser: Browser) -> Iterator[Prefect]:
    """A studio that is up."""
    with studio_up() as house:
        yield Prefect(house)


@pytest.fixture
def page(browser: Browser, prefect: Prefect) -> Iterator[Page]:
    with page_of(browser, prefect.url) as page:
        yield page


def asked_for(form: RunForm) -> RunPage:
    """A film that the storyboard has otherwise: another engine and quality, one of its deliveries."""
    form.text("storyboard").fill(BOARD)
    form.choose("engine", "testcard")
    form.choose("quality", "draft")
    form.add("deliveries", "tall")
    form.submit()
    return RunPage(form.page)


@pytest.fixture
def form(page: Page) -> RunForm:
    return RunForm.opened(page, "render-storyboard")


def test_the_form_says_what_each_field_takes_and_offers_our_values(form: RunForm):
    expect(form.field("storyboard")).to_contain_text("reelhouse submit")
    for name in ("engine", "quality", "speed", "deliveries", "takes", "approve", "priority"):
        described = form.field(f"{name} (Optional)").locator("p").first
        expect(described).to_have_text(re.compile(r"^[A-Z1].{10,}\.$"))
    assert form.options("engine") == list(ENGINES)
    assert form.options("quality") == ["draft", "standard", "final"]


def test_the_form_refuses_a_priority_that_there_is_not_and_a_run_without_a_storyboard(
    form: RunForm, prefect: Prefect
):
    before = prefect.runs()
    priority = form.text("priority (Optional)")
    priority.fill("1000")
    form.page.get_by_role("button", name="Submit").click()
    assert priority.evaluate("field => field.validationMessage") == "Value must be less than or equal to 100."

    priority.fill("100")
    form.page.get_by_role("button", name="Submit").click()
    expect(form.field("storyboard")).to_contain_text("'storyboard' is a required property")
    assert prefect.runs() == before


def test_a_storyboard_pasted_into_the_form_becomes_a_film_on_the_runs_page(form: RunForm, prefect: Prefect):
    run = asked_for(form)
    run.expect_state("Completed")
    expect(run.page.get_by_text("Two Scenes, draft, testcard")).to_be_visible()
    cards = run.artifacts()
    expect(cards).to_contain_text("Progress: 100 %")
    expect(cards).to_contain_text(re.compile(r"Film: 0:01\.\d"))
    expect(cards.get_by_role("link")).to_have_count(3)

    run.open_artifact("Plan")
    rows = run.page.get_by_test_id("table-display").get_by_role("row")
    expect(rows.filter(has_text="take").first).to_contain_text("one, two")

    run.page.go_back()
    run.open_artifact("Film")
    film = run.page.get_by_test_id("markdown-display")
    expect(film.get_by_role("heading")).to_have_text("Two Scenes")
    expect(film.get_by_role("link")).to_have_text(["film", "tall"])
    assert film.get_by_role("img").evaluate("picture => picture.naturalWidth") > 0
    video = httpx.get(film.get_by_role("link", name="film").get_attribute("href") or "").raise_for_status()
    with av.open(io.BytesIO(video.content), "r") as mp4:
        assert sum(1 for _ in mp4.decode(video=0)) == 18


def test_the_same_form_submitted_again_is_a_run_that_makes_nothing(form: RunForm, prefect: Prefect):
    asked_for(form).expect_state("Completed")
    form.page.goto(prefect.url, wait_until="domcontentloaded")
    again = asked_for(RunForm.opened(form.page, "render-storyboard"))
    again.expect_state("Completed")
    expect(again.artifacts()).to_contain_text("Plan: 0 steps to make")


def test_what_is_no_storyboard_ends_as_failed_and_the_page_says_what_one_is(form: RunForm):
    form.text("storyboard").fill("a fox\nand a kite")
    form.submit()
    run = RunPage(form.page)
    run.expect_state("Failed")
    run.page.get_by_role("tab", name="Details").click()
    message = "storyboard.yaml:1: a storyboard is a mapping that begins with title: …"
    expect(run.page.get_by_text(message)).to_be_visible()
