"""The table of floors and the edition that names it: a verdict holds for its own table alone."""

from __future__ import annotations

import hashlib
from math import nan

from models.catalogue.verdict import EDITION
from models.measuring.gate.floors import FLOORS, Measure, failures, figure

#: A changed table gets its own line here, under a new edition.
TABLES = {
    "1": "4143883e58b4f95952920183674ba65b4e9be22632102754cd105966ac96f8b9",
    "2": "4143883e58b4f95952920183674ba65b4e9be22632102754cd105966ac96f8b9",
    "3": "2d7a8d2721e9da59ef0de45c8aad0256268bd1c771971d1c444b1946e77882d1",
    "4": "2d7a8d2721e9da59ef0de45c8aad0256268bd1c771971d1c444b1946e77882d1",
    "5": "2d7a8d2721e9da59ef0de45c8aad0256268bd1c771971d1c444b1946e77882d1",
}


def test_a_changed_table_of_floors_needs_a_new_edition() -> None:
    rows = [
        f"{kind.name} {floor.unit} {floor.least} {floor.most}" for kind, floor in FLOORS.items()
    ]
    assert hashlib.sha256("\n".join(rows).encode()).hexdigest() == TABLES[EDITION]


def test_a_figure_that_could_not_be_measured_says_so() -> None:
    (sentence,) = failures([figure(Measure.ADHERENCE, nan)])
    assert sentence.startswith("adherence could not be measured")
