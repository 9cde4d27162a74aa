"""The page of proofs is what was counted, and each proof is of tests that there are."""

import json

import pytest

from bench import reliability
from bench.reliability import ATTACKS, PAGE, PROOFS, RECORD, Proof
from tests.environments import ROOT

RECORDED = json.loads((ROOT / RECORD).read_text("utf-8"))


def test_the_page_is_what_was_counted() -> None:
    page = (ROOT / PAGE).read_text("utf-8")
    assert reliability.filled(page, RECORDED) == page
    assert reliability.written(RECORDED) == (ROOT / RECORD).read_text("utf-8")


@pytest.mark.parametrize("proof", PROOFS, ids=lambda proof: proof.name)
def test_a_proof_is_on_the_page_and_has_its_tests(proof: Proof) -> None:
    assert f"\n- **{proof.name}**: " in (ROOT / PAGE).read_text("utf-8")
    for each in proof.tests:
        path, _, name = each.partition("::")
        code = (ROOT / path).read_text("utf-8")
        if proof.tests is ATTACKS:
            # They are counted by a fixture that all of them have.
            code += (ROOT / path).with_name("conftest.py").read_text("utf-8")
        assert f'recorded("{proof.name}"' in code
        assert f"def {name}" in code
    for counts in RECORDED.get(proof.name, {"on": {}})["on"].values():
        assert proof.counted.keys() <= counts.keys()
        assert all(counts[key] > 0 for key in proof.counted)


def test_no_record_is_of_a_proof_that_is_gone() -> None:
    assert RECORDED.keys() <= {proof.name for proof in PROOFS}
