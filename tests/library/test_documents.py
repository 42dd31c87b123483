"""What the README, CONTRIBUTING and the notebooks show is run as it stands."""

import json
import re
import shutil
from pathlib import Path

import nbclient
import nbformat
import pytest

from paper_repro import claims
from tests.library.fake_house import copy, finish, start

CHECKOUT = Path(__file__).resolve().parent.parent.parent
NOTEBOOKS = sorted((CHECKOUT / "experiments" / "notebooks").glob("*.ipynb"))


def blocks(document: str) -> list[str]:
    """The Python that a document shows."""
    return re.findall(r"```python\n(.*?)```", (CHECKOUT / document).read_text(), re.DOTALL)


def test_the_first_run_of_the_readme_meets_its_own_theory(capsys):
    first, _ = blocks("README.md")
    exec(first, {})
    simulated, exact = capsys.readouterr().out.strip().splitlines()
    value, half = map(float, re.findall(r"\d\.\d+", simulated))
    # The interval printed is one of 95%; at 1e-4 it is twice as wide.
    assert abs(value - float(exact.split()[-1])) < 2 * half < 0.02


def test_the_times_of_the_readme_put_the_higher_variance_first():
    _, second = blocks("README.md")
    shown = {}
    exec(second, shown)
    for times in (shown["times"].generalisation, shown["times"].memorisation):
        assert times[1] < times[0]


def test_the_example_of_contributing_makes_a_claim_that_holds_and_can_fail(tmp_path):
    (example,) = blocks("CONTRIBUTING.md")
    house = copy(tmp_path / "house")
    for folder in ("figures", "paper_repro"):
        (house / folder).mkdir()
        for path in (CHECKOUT / folder).iterdir():
            if path.name.startswith("__") or folder == "paper_repro":
                (shutil.copytree if path.is_dir() else shutil.copy)(
                    path, house / folder / path.name
                )
    for name in ("style.py", "output.py"):
        shutil.copy(CHECKOUT / "figures" / name, house / "figures")
    for folder in (house / "paper_repro" / "papers").glob("[a-z]*/"):
        shutil.rmtree(folder)
    for path, source in re.findall(r"^# (\S+\.py)\n(.*?)(?=^# \S+\.py$|\Z)", example, re.M | re.S):
        (house / path).write_text(source)
    code, _, error = finish(start(house, "-m", "paper_repro", "run", "--only", "coin"))
    assert code == 0, error
    report = json.loads((house / "report-coin" / "report.json").read_text())
    (claim,) = report["claims"]
    assert (claim["status"], claim["control"]["status"]) == ("holds", "fails")
    assert 0.005 < claim["power"] < 0.05
    assert (house / "report-coin" / "figures").is_dir() and not (house / "report").exists()


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_every_command_and_file_of_a_document_is_there(document):
    text = (CHECKOUT / document).read_text()
    targets = set(re.findall(r"^([a-z]+):", (CHECKOUT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z]+)|^make ([a-z]+)", text, re.M)) <= {
        pair for name in targets for pair in ((name, ""), ("", name))
    }
    for package, name in re.findall(r"python -m (experiments|figures) ([a-z_]+)", text):
        assert name in ("list", "select") or (CHECKOUT / package / f"{name}.py").exists()
    for name in re.findall(r"python -m diversity_jax ([a-z_]+)", text):
        assert (CHECKOUT / "diversity_jax" / "commands" / f"{name}.py").exists(), name
    for path in re.findall(
        r"`((?:diversity_jax|experiments|figures|paper_repro|tests)/[^`]*)`", text
    ):
        if not re.search(r"[A-Z*]|\bcoin\b", path) or path.endswith("NOTICE"):
            assert (CHECKOUT / path).exists(), path


def test_the_picture_of_the_readme_is_committed_and_small():
    (picture,) = re.findall(r"!\[[^\]]*\]\(([^)]*)\)", (CHECKOUT / "README.md").read_text())
    content = (CHECKOUT / picture).read_bytes()
    assert content.startswith(b"\x89PNG") and len(content) < 150_000


def test_contributing_tells_every_code_that_a_claim_has():
    text = (CHECKOUT / "CONTRIBUTING.md").read_text()
    told = re.findall(r"^\| (`.*?`) \|", text, re.M)
    letters = set(re.findall(r"`([A-Z]|[a-z]+-)", " ".join(told)))
    for _, claim in claims.select():
        code = re.match(r"[A-Z](?=\d)|[a-z]+-", claim.id)
        assert code and code[0] in letters, claim.id


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_run_and_are_committed_rendered_and_small(path, tmp_path, monkeypatch):
    monkeypatch.setenv("DIVERSITY_JAX_RESULTS", str(tmp_path))
    monkeypatch.delenv("MPLBACKEND", raising=False)
    notebook = nbformat.read(path, as_version=4)
    images = [
        output
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]
    assert len(images) >= 2 and path.stat().st_size < 300_000
    client = nbclient.NotebookClient(
        notebook, timeout=500, resources={"metadata": {"path": str(path.parent)}}
    )
    client.execute()
