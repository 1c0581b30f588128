"""A run folder that nothing came of is taken away; what the user had in it, and what is worth keeping, stays."""

from pathlib import Path

import pytest

from ferlab.folder import or_nothing


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_what_was_begun_is_taken_away(tmp_path: Path, error: type[BaseException]) -> None:
    folder = tmp_path / "runs" / "2026-01-01" / "10-00-00-audit"
    folder.mkdir(parents=True)
    with pytest.raises(error), or_nothing(folder, "audit.md"):
        (folder / "sheets").mkdir()
        (folder / "sheets" / "a.png").write_text("half")
        raise error
    assert not (tmp_path / "runs").exists()


def test_what_lay_there_and_what_is_worth_it_stays(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(ValueError), or_nothing(tmp_path, "audit.md"):
        (tmp_path / "audit.json").write_text("{}")
        raise ValueError
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    with pytest.raises(ValueError), or_nothing(tmp_path, "audit.md"):
        (tmp_path / "audit.md").write_text("done")
        raise ValueError
    assert (tmp_path / "audit.md").is_file()


def test_a_folder_that_was_never_made_is_no_matter(tmp_path: Path) -> None:
    with pytest.raises(ValueError), or_nothing(tmp_path / "none", "audit.md"):
        raise ValueError
