"""Draw the pictures of docs/operations.md anew: Prefect's form as it is filled in, and the run's page.

    make pictures

Starts a studio of its own with the examples as its library, and films the fox and the kite in Chromium.
"""

from pathlib import Path

from playwright.sync_api import Page, ViewportSize

from tests.services.prefect_page import RunForm, RunPage, chromium, page_of
from tests.services.studios import studio_up

ROOT = Path(__file__).parents[1]
FORM, RUN = ROOT / "docs" / "prefect-form.png", ROOT / "docs" / "prefect-run.png"
WIDTH = 1000


def main() -> None:
    """Draw both."""
    with (
        studio_up({"REELHOUSE_LIBRARY": str(ROOT / "examples")}) as house,
        chromium() as browser,
        page_of(browser, f"http://127.0.0.1:{house.port('prefect')}") as page,
    ):
        form = RunForm.opened(page, "render-storyboard")
        form.text("storyboard").fill("fox-and-kite/storyboard.yaml")
        form.choose("quality", "draft")
        _draw(page, FORM, height=1420)
        form.submit()
        run = RunPage(page)
        run.expect_state("Completed")
        run.artifacts().get_by_role("link").last.wait_for()
        _draw(page, RUN, height=1240)


def _draw(page: Page, file: Path, *, height: int) -> None:
    page.set_viewport_size(ViewportSize(width=WIDTH, height=height))
    page.screenshot(path=file)


if __name__ == "__main__":
    main()
