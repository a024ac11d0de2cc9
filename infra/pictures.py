"""Draw the pictures of the README anew: the example film's contact sheet, and its plan after one change.

    make pictures

Renders the example first (nothing, if it is rendered already).
"""

import io
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from reelhouse.settings import Settings
from reelhouse.storyboard_reader import read_storyboard
from studio.plan_view import plan_table, states_of
from tasks.workbench import Workbench

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "fox-and-kite"
DOCS = ROOT / "docs"
WIDTH = 124
# An SVG without the web font that rich would load.
FORMAT = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px; font-variant-east-asian: full-width; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/></clipPath>{lines}</defs>
<rect width="{width}" height="{height}" rx="8" fill="#121417"/>
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}<g class="{unique_id}-matrix">{matrix}</g></g></svg>
"""


def main() -> None:
    """Draw both."""
    subprocess.run([sys.executable, "-m", "studio.cli", "render", EXAMPLE / "storyboard.yaml"], check=True)
    home = Settings().home
    shutil.copyfile(home / "films" / "fox-and-kite" / "contact-sheet.jpg", DOCS / "fox-and-kite.jpg")
    (DOCS / "plan.svg").write_text(_plan(), encoding="utf-8")


def _plan() -> str:
    """The example's plan once a prompt is changed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "board"
        shutil.copytree(EXAMPLE, folder)
        file = folder / "storyboard.yaml"
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace("walks through a snowy forest", "runs through a snowy forest"), "utf-8")
        bench = Workbench(Settings())
        plan = bench.plan(read_storyboard(file))
        console = Console(record=True, width=WIDTH, file=io.StringIO())
        console.print(plan_table(plan, states_of(bench, plan)))
    svg = console.export_svg(title="", code_format=FORMAT, unique_id="plan")
    return re.sub(r"[ \t]+\n", "\n", svg)


if __name__ == "__main__":
    main()
