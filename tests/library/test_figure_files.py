"""Figures as files: which of them a later report may take as they are."""

import re

import numpy as np
import xarray

import figures
from diversity_jax import fingerprint
from figures import output, style
from paper_repro import pipeline, report
from tests.library import fake_papers
from tests.library.fake_papers import claim, house


def test_a_saved_figure_is_kept_for_its_source_while_its_three_files_are_as_they_were(tmp_path):
    figure, (axes,) = style.panels(1)
    axes.plot([1.0, 2.0], [3.0, 4.0])
    saved = output.save(figure, tmp_path, "one", "made of this")
    assert output.kept(tmp_path, "one", "made of this") == saved["png"].read_bytes()
    assert output.kept(tmp_path, "one", "made of that") is None
    assert output.kept(tmp_path, "two", "made of this") is None
    for path in saved.values():
        content = path.read_bytes()
        path.write_bytes(content[:-20])
        assert output.kept(tmp_path, "one", "made of this") is None
        path.unlink()
        assert output.kept(tmp_path, "one", "made of this") is None
        path.write_bytes(content)
    assert output.kept(tmp_path, "one", "made of this") is not None


def test_a_figure_without_a_source_is_never_kept(tmp_path):
    output.save(style.panels(1)[0], tmp_path, "one")
    assert output.kept(tmp_path, "one", "") is None


def test_the_source_of_a_figure_tells_every_change_of_data_and_code(monkeypatch):
    def source(name="attention_risk", **changed):
        usual = {"values": [1.0, 2.0], "dims": "seed", "seeds": [0, 1], "named": "text", "unit": ""}
        made = {**usual, **changed}
        variables = {
            "value": (made["dims"], np.array(made["values"]), {"units": made["unit"]}),
            "point": ("point", np.array(["a", made["named"]], object)),
        }
        dataset = xarray.Dataset(variables, {"seed": ("seed", made["seeds"])})
        return output.source_of(name, dataset)

    changes = [
        {}, {"values": [1.0, 2.0 + 4e-16]}, {"values": [1, 2]}, {"values": [1.0, np.nan]},
        {"seeds": [0, 2]}, {"named": "other"}, {"unit": "s"}, {"name": "attention_length"},
    ]  # fmt: skip
    known = [source(**changed) for changed in changes]
    assert len(set(known)) == len(changes)
    assert source() == known[0]
    monkeypatch.setattr(fingerprint, "of_files", lambda *starts, root: "other code")
    assert source() not in known


def test_a_second_report_takes_the_pictures_of_the_first_unless_the_data_changed(
    monkeypatch, tmp_path
):
    name, drawn = "attention_manifold_dirac", []

    def draw(which, data):
        drawn.append(which)
        figure, (axes,) = style.panels(1)
        axes.plot(data.seed, data.value)
        return figure

    house(monkeypatch, claim("C1", figure=name))
    monkeypatch.setattr(figures, "draw", draw)
    first = report.write(pipeline.run("smoke"), tmp_path).read_text()
    second = report.write(pipeline.run("smoke"), tmp_path).read_text()
    assert drawn == [name]
    pictures = re.compile('data:image/png;base64,[^"]+')
    assert pictures.findall(first) and pictures.findall(second) == pictures.findall(first)
    house(monkeypatch, claim("C1", figure=name), data=fake_papers.dataset(middle=2.0001))
    monkeypatch.setattr(figures, "draw", draw)
    report.write(pipeline.run("smoke"), tmp_path)
    assert drawn == [name, name]
