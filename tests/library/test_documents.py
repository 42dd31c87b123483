"""What the README and the notebooks show is run as it stands."""

import re
from pathlib import Path

import nbclient
import nbformat
import pytest

CHECKOUT = Path(__file__).resolve().parent.parent.parent
NOTEBOOKS = sorted((CHECKOUT / "experiments" / "notebooks").glob("*.ipynb"))


def test_the_first_run_of_the_readme_meets_its_own_theory(capsys):
    blocks = re.findall(r"```python\n(.*?)```", (CHECKOUT / "README.md").read_text(), re.DOTALL)
    assert len(blocks) == 1
    exec(blocks[0], {})
    simulated, exact = (
        float(line.split()[-1]) for line in capsys.readouterr().out.strip().splitlines()
    )
    # 3000 tokens of one sequence: the relative standard error of the mean is about 1%.
    assert abs(simulated / exact - 1) < 0.05


def test_every_command_of_the_readme_names_something_that_exists():
    text = (CHECKOUT / "README.md").read_text()
    targets = set(re.findall(r"^([a-z]+):", (CHECKOUT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"make ([a-z]+)", text)) <= targets
    for package, name in re.findall(r"python -m (experiments|figures) ([a-z_]+)", text):
        assert name == "list" or (CHECKOUT / package / f"{name}.py").exists()


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
