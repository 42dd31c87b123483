"""A control has to show that every part of its claim can come out otherwise."""

from diversity_jax.checks import combine
from paper_repro import pipeline
from paper_repro.claims import Control
from tests.library.fake_papers import claim, house, is_about


def test_a_control_has_to_show_that_every_part_of_a_claim_can_fail(monkeypatch):
    def both(first, second):
        parts = {"mean": is_about(first), "middle": is_about(second)}
        return lambda data: combine({name: check(data) for name, check in parts.items()})

    house(
        monkeypatch,
        claim("proven", check=both(2.0, 2.0), control=Control("both off", both(3.0, 3.0))),
        claim("half", check=both(2.0, 2.0), control=Control("one off", both(3.0, 2.0))),
        claim("single", check=both(2.0, 2.0), control=Control("one alone", is_about(3.0))),
    )
    found = {one.claim.id: one for one in pipeline.run("smoke").outcomes}
    assert {one.control.status for one in found.values()} == {"fails"}
    assert found["proven"].stands and not found["half"].stands and not found["single"].stands
    assert found["half"].unproven == ("middle",) and "middle" in found["half"].must
