"""What of a paper is not tested: listed in the report, with claims in its place that exist."""

import dataclasses

import pytest

from paper_repro import claims, pipeline
from tests.library import fake_papers
from tests.library.fake_papers import claim, house
from tests.library.test_report import check_page, written


def test_what_is_not_tested_is_listed_with_the_claims_in_its_place(monkeypatch, tmp_path):
    fake_papers.nothing_recorded(monkeypatch, tmp_path)
    house(monkeypatch, claim("C1"))
    (paper,) = claims.papers()
    left = claims.Untested("Q1", "big models < small ones", "no big model here", ("C1",))
    monkeypatch.setattr(claims, "papers", lambda: [dataclasses.replace(paper, untested=(left,))])
    content, text = written(pipeline.run("smoke"), tmp_path)
    wanted = {
        "paper": "fake", "id": "Q1", "sentence": left.sentence, "reason": left.reason,
        "instead": ["C1"],
    }  # fmt: skip
    assert content["provenance"]["untested"] == [wanted]
    assert "Big models &lt; small ones." in text and text.count('href="#C1"') >= 3
    check_page(text)
    with pytest.raises(ValueError, match=r"^claim in place of Q1: got 'C2'"):
        claims.check(
            [
                dataclasses.replace(
                    paper, claims=(), untested=(dataclasses.replace(left, instead=("C2",)),)
                )
            ]
        )
