"""Prefect's page in a headless Chromium, as an operator uses it: the form of a deployment, a run's page."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome")  # as in the Makefile
PATIENCE_MS = 60_000  # of every action and expectation: a busy machine draws a page in 10 s
RUN_MS = 240_000  # from the form to the end of a small film
SIZE = {"width": 1280, "height": 900}


class NoBrowser(Exception):
    """There is no Chromium on the PATH."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser. Raises NoBrowser."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        raise NoBrowser(f"none of {', '.join(BROWSERS)} is on the PATH: make browser installs Chromium")
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program)
        yield browser
        browser.close()


@contextmanager
def page_of(browser: Browser, url: str) -> Iterator[Page]:
    """A new tab on Prefect's page, as it opens for a stranger."""
    context = browser.new_context(viewport=SIZE, accept_downloads=True)  # pyright: ignore[reportArgumentType] a dict
    context.set_default_timeout(PATIENCE_MS)
    # The page asks a service of its makers, too, and would wait for it.
    context.route(lambda asked: not asked.startswith(url), lambda route: route.abort())
    page = context.new_page()
    page.goto(url, wait_until="domcontentloaded")
    yield page
    context.close()


@dataclass(frozen=True, slots=True)
class RunForm:
    """The form behind Run and Custom run of a deployment."""

    page: Page

    @classmethod
    def opened(cls, page: Page, flow: str) -> "RunForm":
        """The form of a flow's deployment, reached by clicks alone."""
        page.get_by_role("link", name="Deployments", exact=True).first.click()
        page.get_by_role("row").filter(has_text=flow).get_by_role("link").first.click()
        page.get_by_role("button", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Custom run").click()
        form = cls(page)
        expect(form.text("storyboard")).to_be_visible()
        return form

    def text(self, parameter: str) -> Locator:
        """The box of a parameter that takes text or a number."""
        return self.page.get_by_label(parameter)

    def field(self, parameter: str) -> Locator:
        """A parameter with its name, description and inputs."""
        name = self.page.get_by_text(parameter, exact=True)
        return self.page.locator("form div.group").filter(has=name).last

    def choose(self, parameter: str, value: str) -> None:
        """Take a value of a parameter that may be left as written."""
        field = self.field(f"{parameter} (Optional)")
        field.get_by_role("tab", name="another").click()
        field.get_by_role("button", name="Select another").click()
        self.page.get_by_role("option", name=value, exact=True).click()

    def options(self, parameter: str) -> list[str]:
        """The values that a parameter offers."""
        field = self.field(f"{parameter} (Optional)")
        field.get_by_role("tab", name="another").click()
        field.get_by_role("button", name="Select another").click()
        offered = self.page.get_by_role("option")
        expect(offered.first).to_be_visible()
        values = offered.all_inner_texts()
        self.page.keyboard.press("Escape")
        field.get_by_role("tab", name="as written").click()
        return values

    def add(self, parameter: str, value: str) -> None:
        """Put a value into a parameter that is a list."""
        field = self.field(f"{parameter} (Optional)")
        field.get_by_role("tab", name="some").click()
        field.get_by_role("button", name="Add item").click()
        field.get_by_role("textbox").last.fill(value)

    def submit(self) -> None:
        """Start the run and open its page."""
        self.page.get_by_role("button", name="Submit").click()
        self.page.get_by_role("button", name="View run").click()
        self.page.wait_for_url("**/runs/flow-run/*")


@dataclass(frozen=True, slots=True)
class RunPage:
    """The page of one run."""

    page: Page

    def expect_state(self, state: str) -> None:
        """Wait until the run is in a state."""
        expect(self.page.get_by_text(state, exact=True).first).to_be_visible(timeout=RUN_MS)

    def artifacts(self) -> Locator:
        """The cards of its artifacts."""
        self.page.get_by_role("tab", name="Artifacts").click()
        cards = self.page.get_by_test_id("flow-run-artifacts-grid")
        expect(cards).to_be_visible()
        return cards

    def open_artifact(self, news: str) -> Page:
        """An artifact's own page, by what its card says."""
        self.artifacts().get_by_role("link").filter(has_text=news).click()
        self.page.wait_for_url("**/artifacts/artifact/*")
        return self.page
