"""The report in a real browser: every figure is there, and nothing is wider than a telephone."""

import json
import re
import shutil
import subprocess

import numpy as np
import pytest
from matplotlib import image

FLAGS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run", "--hide-scrollbars",
    "--force-device-scale-factor=1",
]  # fmt: skip
# Runs inside the page: what the browser made of every picture, written where it can be read back.
LOOK = """
<pre id="seen" hidden></pre>
<script>
addEventListener("load", () => {
  const pictures = [...document.images].map((one) => {
    const box = one.getBoundingClientRect();
    return [one.naturalWidth, one.naturalHeight, box.width, box.height];
  });
  const marks = [...document.querySelectorAll("svg.mark")].map(
    (one) => one.getBoundingClientRect().width);
  const wide = document.documentElement.scrollWidth;
  document.getElementById("seen").textContent = JSON.stringify({ pictures, marks, wide });
});
</script>
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """Chromium with these options on this page; what it printed."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.fail("no chromium to look at the report with; run: apt-get install chromium")

    def run(page, *options):
        profile = tmp_path_factory.mktemp("profile")
        ended = subprocess.run(
            [program, *FLAGS, f"--user-data-dir={profile}", *options, f"file://{page}"],
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        return ended.stdout

    return run


@pytest.fixture(scope="module")
def page(smoke_report):
    path = smoke_report["out"] / "report.html"
    assert path.exists(), smoke_report["errors"]
    return path


def seen(browser, page, folder, width):
    """What the browser made of the page in a window of this width."""
    copy = folder / "look.html"
    copy.write_text(page.read_text().replace("</body>", LOOK + "</body>"))
    made = browser(copy, "--dump-dom", f"--window-size={width},900")
    (text,) = re.findall(r'<pre id="seen" hidden="">(.*?)</pre>', made, re.DOTALL)
    return json.loads(text)


def test_every_figure_is_rendered(browser, page, tmp_path):
    found = seen(browser, page, tmp_path, 1200)
    figures = list((page.parent / "figures").glob("*.png"))
    assert len(found["pictures"]) == len(figures) > 0
    assert np.min(found["pictures"]) > 100
    assert found["marks"] and np.min(found["marks"]) > 100
    assert found["wide"] <= 1200


def test_a_narrow_window_needs_no_sideways_scrolling(browser, page, tmp_path):
    # Headless chromium opens no window below 500 pixels, so the page is put in a narrower frame.
    copy = tmp_path / "narrow.html"
    copy.write_text(
        page.read_text()
        .replace("<body>", '<body style="width: 400px; margin: 0">')
        .replace("max-width: 46rem", "max-width: 9999px")
        .replace("</body>", LOOK + "</body>")
    )
    made = browser(copy, "--dump-dom", "--window-size=500,900")
    (text,) = re.findall(r'<pre id="seen" hidden="">(.*?)</pre>', made, re.DOTALL)
    found = json.loads(text)
    assert found["wide"] <= 500
    assert np.max([box[2] for box in found["pictures"]]) <= 400


def test_the_screenshot_shows_a_page(browser, page, tmp_path):
    shot = tmp_path / "report.png"
    browser(page, f"--screenshot={shot}", "--window-size=1200,4000")
    pixels = image.imread(shot)[..., :3]
    assert pixels.shape[:2] == (4000, 1200)
    ink = (pixels.min(axis=-1) < 0.9).reshape(8, 500, 1200).mean(axis=(1, 2))
    assert (ink > 0.003).all(), ink
