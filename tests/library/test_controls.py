"""Controls: each says what kind it is, none is an exchange, and each part of a claim can fail."""

import zlib

import numpy as np
import pytest
import xarray

from diversity_jax import results
from diversity_jax.checks import combine, exponent, identity, inequality, ordering, probability
from paper_repro import claims, pipeline
from paper_repro.claims import Control
from tests.library import exchanges, fake_papers
from tests.library.fake_papers import claim, house


@pytest.fixture
def ears(monkeypatch):
    return exchanges.Ears(monkeypatch)


def generator(name):
    return np.random.default_rng(zlib.crc32(name.encode()))


def test_every_control_says_what_kind_it_is():
    silent = [f"{paper.name} {some.id}" for paper, some in claims.select() if not some.control.kind]
    assert not silent, "no `kind` in the control of:\n" + "\n".join(silent)


def test_no_control_is_an_exchange(smoke_report, monkeypatch):
    """Prints every claim whose control is its own check with sides, counts or sentence turned."""
    monkeypatch.setenv("DIVERSITY_JAX_RESULTS", str(smoke_report["results"]))
    chosen = claims.select()  # before the ears: the papers' modules must be there
    ears, found, kept = exchanges.Ears(monkeypatch), [], {}
    for paper, some in chosen:
        if some.experiment not in kept:
            folder = results.folder(some.experiment, "smoke")
            kept[some.experiment] = results.read(folder) if folder.exists() else None
        dataset = kept[some.experiment]
        if dataset is None:  # real data that are not installed here
            continue
        why = exchanges.exchange(some, dataset, ears, generator(some.id))
        if why:
            found.append(f"{paper.name} {some.id}: {why} ({some.control.what})")
    assert not found, "controls that are exchanges:\n" + "\n".join(found)


def compared(first, second):
    return lambda data: ordering(data[first], data[second], resolution=0.5)


def counted(name, flipped=False, **bound):
    def check(data):
        flags = data[name].values != flipped
        return probability(flags.sum(), flags.size, resolution=0.2, **bound)

    return check


def powers(expected, rival, name="curve"):
    return lambda data: exponent(
        [1, 2, 4], data[name].values, expected=expected, rival=rival, resolution=0.1
    )


def bounded(left, right):
    return lambda data: inequality(data[left], data[right], resolution=0.9)


def parts(**named):
    return lambda data: combine({name: check(data) for name, check in named.items()})


EXCHANGED = {
    "two sides of an ordering": (compared("small", "large"), compared("large", "small")),
    "two sides of a bound": (bounded("small", "large"), bounded("large", "small")),
    "the sentence": (counted("most", at_least=0.5), counted("most", at_most=0.5)),
    "a looser threshold": (counted("most", at_least=0.5), counted("most", at_least=0.1)),
    "success and failure": (counted("all", at_least=0.9), counted("all", True, at_least=0.9)),
    "the rival of the check": (powers(-1.0, -0.5), powers(-0.5, -1.0)),
    "a part left as it was": (
        parts(one=compared("small", "large"), two=counted("most", at_least=0.5)),
        parts(one=compared("small", "large"), two=counted("few", at_least=0.5)),
    ),
}
HONEST = {
    "another setting": (compared("small", "large"), compared("small", "tiny")),
    "none for all": (counted("all", at_least=0.9), counted("none", at_least=0.9)),
    "a rival's number": (counted("most", predicted=0.9), counted("most", predicted=0.5)),
    "values of another law": (powers(-1.0, -0.5), powers(-1.0, -0.5, "flat")),
}


@pytest.fixture
def tiny():
    draws = generator("exchanges").random((4, 24))
    curve = (1 + 0.01 * draws[:3].T) / np.array([1.0, 2.0, 4.0])
    columns = {
        "small": 1 + draws[0], "large": 4 + draws[1], "tiny": 0.1 + draws[2] / 9,
        "most": draws[3] < 0.9, "few": draws[3] < 0.1,
        "all": draws[3] >= 0, "none": draws[3] < 0,
    }  # fmt: skip
    made = {name: ("seed", column) for name, column in columns.items()}
    made |= {"curve": (("seed", "size"), curve), "flat": (("seed", "size"), curve**0.1)}
    return xarray.Dataset(made)


@pytest.mark.parametrize("name", [*EXCHANGED, *HONEST])
def test_an_exchange_is_seen_and_an_honest_control_is_not_taken_for_one(name, tiny, ears):
    check, turned = (EXCHANGED | HONEST)[name]
    some = claim(name, check=check, control=Control("turned", turned))
    assert bool(exchanges.exchange(some, tiny, ears, generator(name))) == (name in EXCHANGED)


def test_each_part_of_a_claim_must_be_seen_to_fail(monkeypatch, tmp_path):
    fake_papers.nothing_recorded(monkeypatch, tmp_path)

    def about(**predicted):
        return parts(
            **{
                name: lambda data, value=value: identity(
                    data.value.mean(), value, terms=10.0, resolution=1e-3
                )
                for name, value in predicted.items()
            }
        )

    true = about(first=2.0, second=2.0)
    controls = {
        "one": about(first=3.0, second=2.0),
        "both": about(first=3.0, second=3.0),
        "elsewhere": about(other=3.0, second=3.0),
    }
    house(
        monkeypatch,
        *(
            claim(name, kind="identity", check=true, control=Control("spoiled", check))
            for name, check in controls.items()
        ),
    )
    outcomes = {each.claim.id: each for each in pipeline.run("smoke").outcomes}
    assert {name: each.unproven for name, each in outcomes.items()} == {
        "one": ("second",), "both": (), "elsewhere": ("first",),
    }  # fmt: skip
    assert all(each.kept and each.control.status == "fails" for each in outcomes.values())
    assert [name for name, each in outcomes.items() if each.stands] == ["both"]


def test_a_kind_of_control_is_implied_given_or_refused():
    def check(data):
        raise AssertionError("not asked")

    assert Control("equal", check, expected="undecided").kind == "parameters equal"
    assert Control("mended", check, expected="holds").kind == "corrected statement"
    assert Control("no own token", check).kind == Control("no own token", check).wording == ""
    assert "term" in Control("no own token", check, kind="term dropped").wording
    with pytest.raises(ValueError, match=r"^kind of the control 'b': got 'exchange'"):
        Control("b", check, kind="exchange")


def test_what_a_blunt_check_cannot_tell_is_said(monkeypatch, tmp_path):
    fake_papers.nothing_recorded(monkeypatch, tmp_path)
    house(monkeypatch, claim("C1", blind="an error of a tenth & less"))
    from tests.library.test_report import written

    content, text = written(pipeline.run("smoke"), tmp_path)
    (record,) = content["claims"]
    assert record["blind"] == "an error of a tenth & less"
    assert record["control"] == {
        "status": "fails", "expected": "fails", "kind": "rival prediction",
        "what": "another mean", "unproven": [],
    }  # fmt: skip
    assert "An error of a tenth &amp; less." in text and "a rival prediction: fails" in text
