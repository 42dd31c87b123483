"""The report: what each field says, what happens when something goes wrong, and one whole run."""

import csv
import json
import math
from html.parser import HTMLParser

import numpy as np
import pytest
import scipy.stats
from matplotlib import image

from diversity_jax import results
from diversity_jax.checks.verdict import STATUSES, Verdict
from paper_repro import claims, marks, pipeline, recorded, report
from paper_repro.claims import Control
from tests.library import fake_papers
from tests.library.fake_papers import claim, house, is_about, raises

FIELDS = [
    "id", "paper", "kind", "sentence", "source", "reconstructed", "preset", "decides_at",
    "status", "expected", "reason", "predicted", "measured", "unit", "interval", "level",
    "power", "resolution", "control", "blind", "seeds", "recorded", "figure", "command", "seconds",
]  # fmt: skip
WORDS = ("id", "paper", "kind", "sentence", "source", "reason", "command", "unit", "blind")
NUMBERS = ("predicted", "measured", "level", "power", "resolution", "seeds", "seconds")
LOADING = ("src", "srcset", "poster", "data", "background", "action", "xlink:href")


@pytest.fixture(autouse=True)
def no_recordings(monkeypatch, tmp_path, request):
    if "smoke_report" not in request.fixturenames:
        fake_papers.nothing_recorded(monkeypatch, tmp_path)


def written(run, out):
    """The report of a run, as the JSON object and the page's text."""
    page = report.write(run, out)
    return json.loads((out / "report.json").read_text()), page.read_text()


def check_record(record):
    assert list(record) == FIELDS
    assert all(isinstance(record[name], str) for name in WORDS)
    assert record["preset"] in claims.PRESETS and record["decides_at"] in claims.PRESETS
    assert record["status"] in STATUSES and record["expected"] in STATUSES
    assert all(isinstance(record[name], bool) for name in ("reconstructed", "recorded"))
    for name in NUMBERS:
        value = record[name]
        assert value is None or (type(value) in (int, float) and math.isfinite(value)), name
    if record["interval"] is not None:
        low, high = record["interval"]
        assert low <= high
    assert set(record["control"]) == {"status", "expected", "kind", "what", "unproven"}
    assert record["control"]["status"] in STATUSES and record["control"]["what"]
    assert record["reason"] and "\n" not in record["reason"]
    assert record["seconds"] >= 0


def exit_code(content):
    """What the records alone say the exit code must be."""
    for record in content["claims"]:
        sizes = [claims.PRESETS.index(record[name]) for name in ("preset", "decides_at")]
        control = record["control"]
        kept = record["status"] == record["expected"] and not control["unproven"]
        kept &= control["status"] == control["expected"]
        if sizes[0] >= sizes[1] and not kept:
            return 1
    return 0


class Page(HTMLParser):
    """What a page has: tags, addresses that a browser would load, links, ids, styles."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.loaded, self.links, self.ids, self.pictures = [], [], [], [], []
        self.text = text
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.tags.append(tag)
        self.loaded += [found[name] for name in LOADING if name in found]
        self.links += [found["href"]] if "href" in found else []
        self.ids += [found["id"]] if "id" in found else []
        self.pictures += [found] if tag == "img" else []


def check_page(text):
    page = Page(text)
    assert all(address.startswith("data:image/png;base64,") for address in page.loaded)
    assert not {"script", "link", "iframe", "object", "embed", "base"} & set(page.tags)
    assert "@import" not in text and "url(" not in text
    assert len(page.ids) == len(set(page.ids))
    assert all(link.startswith("#") and link[1:] in page.ids for link in page.links)
    assert all(picture.get("alt") for picture in page.pictures)
    assert page.tags.count("h1") == 1 and 'lang="en"' in text
    return page


def test_one_claim_field_by_field(monkeypatch, tmp_path):
    house(monkeypatch, claim("C1"))
    content, text = written(pipeline.run("smoke", seed=3), tmp_path)
    (record,) = content["claims"]
    check_record(record)
    assert record["measured"] == pytest.approx(2.0, abs=1e-12)
    error = 1e-3 / math.sqrt(7)  # 8 values one thousandth around the mean: deviation / sqrt(8)
    half = (record["interval"][1] - record["interval"][0]) / 2
    assert half == pytest.approx(scipy.stats.t.isf(5e-5, 7) * error, rel=1e-6)
    wanted = {
        "paper": "fake",
        "predicted": 2.0,
        "unit": "metres",
        "level": 1e-4,
        "resolution": 0.01,
        "seeds": 8,
        "figure": "fake_picture",
        "status": "holds",
        "command": "python -m paper_repro run --preset smoke --seed 3 --only C1",
    }
    assert {name: record[name] for name in wanted} == wanted
    assert 1.25 <= record["seconds"] < 60
    assert content["provenance"]["exit_code"] == 0
    assert content["provenance"]["experiments"][fake_papers.EXPERIMENT]["state"] == "computed"
    assert "is 2.0 &lt; 10 &amp; more." in text


def test_the_exit_code_sees_claims_and_controls_that_decide_here(monkeypatch):
    house(
        monkeypatch,
        claim("good"),
        claim("wrong", truth=2.5),
        claim("false-as-told", truth=2.5, expected="fails"),
        claim("blunt", control=Control("the same", is_about(2.0))),
        claim("later", truth=2.5, decides_at="paper"),
    )
    codes = {
        name: pipeline.run("smoke", [name]).exit_code
        for name in ("good", "wrong", "blunt", "later")
    }
    assert codes == {"good": 0, "wrong": 1, "blunt": 1, "later": 0}
    told = pipeline.run("smoke", ["false-as-told"]).outcomes[0]
    assert told.kept and told.verdict.status == "fails"


def test_what_goes_wrong_is_named_and_stops_nothing_else(monkeypatch, tmp_path):
    house(
        monkeypatch,
        claim("check", check=raises),
        claim("control", control=Control("broken", raises)),
        claim("no-verdict", check=lambda data: 1.0),
        claim("experiment", experiment="broken"),
        claim("images", experiment="without_images", figure="cannot_draw"),
        claim("figure", figure="cannot_draw"),
        claim("good"),
    )
    content, text = written(pipeline.run("smoke"), tmp_path)
    check_page(text)
    records = {record["id"]: record for record in content["claims"]}
    for record in records.values():
        check_record(record)
    assert records["check"]["status"] == "undecided"
    assert records["check"]["reason"] == "the check did not finish: RuntimeError: two lines"
    assert records["control"]["status"] == "holds"
    assert records["control"]["control"]["status"] == "undecided"
    assert "expected a Verdict" in records["no-verdict"]["reason"]
    assert "RuntimeError: no memory left" in records["experiment"]["reason"]
    assert records["images"]["status"] == "undecided"
    assert fake_papers.INSTALL in records["images"]["reason"]
    assert any(fake_papers.INSTALL in note for note in content["provenance"]["left_out"])
    assert text.index("Left out.") < text.index("Summary")
    assert records["figure"]["status"] == "holds" and records["figure"]["figure"] is None
    assert "RuntimeError: no ink" in text
    assert records["good"]["status"] == "holds" and records["good"]["figure"] == "fake_picture"
    assert content["provenance"]["exit_code"] == 1 == exit_code(content)


def test_a_claim_left_out_for_want_of_data_does_not_fail_the_run(monkeypatch):
    house(monkeypatch, claim("good"), claim("images", experiment="without_images"))
    assert pipeline.run("smoke").exit_code == 0
    house(monkeypatch, claim("good"), claim("broken", experiment="broken"))
    assert pipeline.run("smoke").exit_code == 1


def test_a_corrupt_result_and_a_full_disk_stop_the_run(monkeypatch):
    house(monkeypatch, claim("good"))
    for error in (results.ResultCorrupt("x"), results.WriteFailed("x")):

        def stop(*_, error=error):
            raise error

        monkeypatch.setattr(pipeline, "_saved", stop)
        with pytest.raises(type(error)):
            pipeline.run("smoke")


def test_claims_that_share_a_figure_show_it_once(monkeypatch, tmp_path):
    house(monkeypatch, claim("first"), claim("second"), claim("third", figure="cannot_draw"))
    _, text = written(pipeline.run("smoke"), tmp_path)
    page = check_page(text)
    assert len(page.pictures) == 1
    assert text.count('href="#figure-fake_picture"') == 1


def test_the_numbers_of_a_figure_are_beside_it(monkeypatch, tmp_path):
    house(monkeypatch, claim("C1"))
    written(pipeline.run("smoke"), tmp_path)
    rows = list(
        csv.DictReader((tmp_path / "figures" / "fake_picture.csv").read_text().splitlines())
    )
    measured = [row for row in rows if row["series"] == "measured"]
    assert [float(row["y"]) for row in measured] == fake_papers.dataset().value.values.tolist()
    assert [float(row["x"]) for row in measured] == list(range(8))
    for row in measured:
        assert float(row["y_high"]) - float(row["y"]) == pytest.approx(0.5)
        assert float(row["y"]) - float(row["y_low"]) == pytest.approx(0.5)
        assert (row["title"], row["y_label"]) == ("values", "value (m)")
    line = [(row["x"], row["y"], row["kind"]) for row in rows if row["series"] == "predicted"]
    assert line == [("0", "2.0", "line"), ("7", "2.0", "line")]
    assert [(row["x"], row["y"]) for row in rows if row["kind"] == "guide"] == [("", "1.0")]
    assert len(rows) == 11
    assert (tmp_path / "figures" / "fake_picture.pdf").read_bytes().startswith(b"%PDF")


def test_a_recorded_run_decides_where_this_preset_does_not(monkeypatch, tmp_path):
    house(monkeypatch, claim("big", decides_at="paper", truth=5.0), claim("small"))
    before = pipeline.run("smoke")
    assert not before.outcomes[0].counts and before.outcomes[0].verdict.status == "fails"
    folder = recorded.FOLDER / fake_papers.EXPERIMENT
    kept = {"identity": {"fingerprint": "0123"}, "seconds": 90.0, "command": "by-hand"}
    results.save(fake_papers.dataset(5.0, seeds=40), folder, kept)
    run = pipeline.run("smoke")
    content, text = written(run, tmp_path / "out")
    big, small = content["claims"]
    check_record(big)
    assert (big["status"], big["preset"], big["recorded"], big["seeds"]) == (
        "holds",
        "paper",
        True,
        40,
    )
    assert "recorded with older code" in big["reason"]
    assert "repeated at smoke size: fails" in big["reason"]
    assert run.outcomes[0].counts and run.exit_code == 0
    assert (small["preset"], small["recorded"]) == ("smoke", False)
    names = {path.stem for path in (tmp_path / "out" / "figures").glob("*.png")}
    assert names == {"fake_picture", "fake_picture-recorded"}
    assert len(check_page(text).pictures) == 2
    assert "90 s" in text and "by-hand" in text


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([0.87384, 0.8606, 0.8871], ["0.874", "0.861", "0.887"]),
        ([2.2e-16, 0.0, 2.2e-14], ["2.2 × 10⁻¹⁶", "0", "2.2 × 10⁻¹⁴"]),
        ([-0.5009, -0.5156, -0.4863], ["−0.501", "−0.516", "−0.486"]),
        ([123456.0, 120000.0, 130000.0], ["1.23 × 10⁵", "1.20 × 10⁵", "1.30 × 10⁵"]),
        ([None, 1.0, 2.0], ["–", "1.0", "2.0"]),
        ([0.0, 0.0, 0.0], ["0", "0", "0"]),
    ],
)
def test_numbers_have_the_digits_their_spread_supports(values, shown):
    assert marks.together(values) == shown


def test_the_small_picture_says_in_words_what_it_shows():
    verdict = Verdict(
        "holds", "", "exponent", predicted=-0.5, measured=-0.5009, interval=(-0.51, -0.49),
        power=0.02, resolution=0.1,
    )  # fmt: skip
    drawn = marks.interval(verdict)
    assert "measured −0.501, interval [−0.510, −0.490], predicted −0.5" in drawn
    assert 'class="band"' in drawn
    assert marks.interval(Verdict("undecided", "", "exponent")) == ""


def test_the_whole_report_at_smoke(smoke_report):
    assert smoke_report["code"] in (0, 1), smoke_report["errors"]
    content = json.loads((smoke_report["out"] / "report.json").read_text())
    assert set(content) == {"claims", "provenance"}
    known = [some.id for _, some in claims.select()]
    assert [record["id"] for record in content["claims"]] == known
    for record in content["claims"]:
        check_record(record)
        assert "did not finish" not in record["reason"], record["id"]
    assert smoke_report["code"] == exit_code(content) == content["provenance"]["exit_code"]
    data = content["provenance"]["experiments"]
    drawn = list((smoke_report["out"] / "figures").glob("*.png"))
    experiments = {some.figure: some.experiment for _, some in claims.select()}
    for name, experiment in experiments.items():
        paths = [path for path in drawn if path.stem in (name, f"{name}-recorded")]
        assert paths or data[experiment]["state"] == "missing", name
        for path in paths:
            pixels = image.imread(path)
            assert min(pixels.shape[:2]) > 200 and np.ptp(pixels[..., :3]) > 0.5
    page = check_page((smoke_report["out"] / "report.html").read_text())
    assert len(page.pictures) == len(drawn)
    assert set(known) <= set(page.ids)
