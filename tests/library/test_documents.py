"""What the README and the notebooks show is run as it stands."""

import json
import re
import shutil
from pathlib import Path

import nbclient
import nbformat
import pytest

from tests.library.fake_house import copy, finish, start

CHECKOUT = Path(__file__).resolve().parent.parent.parent
NOTEBOOKS = sorted((CHECKOUT / "experiments" / "notebooks").glob("*.ipynb"))


def test_the_first_run_of_the_readme_meets_its_own_theory(capsys):
    blocks = re.findall(r"```python\n(.*?)```", (CHECKOUT / "README.md").read_text(), re.DOTALL)
    exec(blocks[0], {})
    simulated, exact = (
        float(line.split()[-1]) for line in capsys.readouterr().out.strip().splitlines()
    )
    # 3000 tokens of one sequence: the relative standard error of the mean is about 1%.
    assert abs(simulated / exact - 1) < 0.05


def test_the_times_of_the_readme_put_the_higher_variance_first():
    blocks = re.findall(r"```python\n(.*?)```", (CHECKOUT / "README.md").read_text(), re.DOTALL)
    shown = {}
    exec(blocks[1], shown)
    for times in (shown["times"].generalisation, shown["times"].memorisation):
        assert times[1] < times[0]


def test_the_example_of_the_readme_makes_a_claim_that_holds_and_can_fail(tmp_path):
    blocks = re.findall(r"```python\n(.*?)```", (CHECKOUT / "README.md").read_text(), re.DOTALL)
    assert len(blocks) == 3
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
    for path in (house / "paper_repro" / "papers").glob("[a-z]*.py"):
        path.unlink()
    for path, source in re.findall(
        r"^# (\S+\.py)\n(.*?)(?=^# \S+\.py$|\Z)", blocks[2], re.M | re.S
    ):
        (house / path).write_text(source)
    code, _, error = finish(start(house, "-m", "paper_repro", "run", "--only", "coin"))
    assert code == 0, error
    report = json.loads((house / "report-coin" / "report.json").read_text())
    (claim,) = report["claims"]
    assert (claim["status"], claim["control"]["status"]) == ("holds", "fails")
    assert 0.005 < claim["power"] < 0.05
    assert (house / "report-coin" / "figures").is_dir() and not (house / "report").exists()


def test_every_command_of_the_readme_names_something_that_exists():
    text = (CHECKOUT / "README.md").read_text()
    targets = set(re.findall(r"^([a-z]+):", (CHECKOUT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"make ([a-z]+)", text)) <= targets
    for package, name in re.findall(r"python -m (experiments|figures) ([a-z_]+)", text):
        assert name in ("list", "select") or (CHECKOUT / package / f"{name}.py").exists()


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
