"""What the paper's Table IV follows from, and what not."""

import paper_tables


def test_the_memory_column_follows_from_files_and_footprints() -> None:
    assert paper_tables.figures()["table4"]["memory_mape"] <= 0.10


def test_four_of_five_accuracy_choices_follow_and_the_fifth_is_explained() -> None:
    rows = [row for row in paper_tables.table_4() if row["mode"] == "Acc"]
    missed = [row for row in rows if not row["reproduced"]]
    assert [row["device"] for row in missed] == ["jetson-orin-nano-8gb"]
    assert "97% of the memory" in missed[0]["why"]


def test_as_printed_the_smallest_is_chosen_everywhere() -> None:
    assert {tuple(row["choice_printed"]) for row in paper_tables.table_4()} == {("Phi1.5", "Q4", "T")}


def test_every_row_that_is_far_off_says_why() -> None:
    for row in paper_tables.table_4():
        if abs(row["memory_error"]) > 0.2:
            assert "memory:" in row["why"]
        if abs(row["llm_error"]) > 0.35:
            assert "time:" in row["why"], row
