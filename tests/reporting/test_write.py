import csv
import re
from io import StringIO

import pytest
from rich.console import Console

from fakes.runs import write_run
from ferlab.errors import FerlabError
from ferlab.reporting.latex import escape
from ferlab.reporting.write import FILES, report

EVIL = "<script>alert(1)</script>|&_%$#{}~^\\"
DOCUMENT = {"row": "D4 cnn10", "metric": "accuracy", "reported": 0.655, "n": 300, "caveat": "its own & others"}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    for seed, right in enumerate((0.61, 0.63, 0.65)):
        figures = ("confusion", "gradcam", "learning_curves")
        write_run(folder / f"runs/cnn10-s{seed}", right, seed, document=DOCUMENT, figures=figures)
    write_run(folder / "runs/evil", 0.5, model=EVIL, data="<b>", figures=("confusion",), training={"command": EVIL})
    write_run(folder / "runs/made", 0.4, model="mlp", synthetic=True, marks=("selected on test",), figures=("samples",))
    (write_run(folder / "runs/killed") / "metrics.json").unlink()
    console = Console(file=StringIO(), width=100)
    report([str(folder / "runs")], str(folder / "out"), console=console)
    return folder, console.file.getvalue()


def read(made, name):
    return (made[0] / "out" / name).read_text(encoding="utf-8")


def test_every_file_is_written_and_named(made):
    assert sorted(path.name for path in (made[0] / "out").iterdir()) == sorted(FILES)
    assert not [name for name in FILES if str(made[0] / "out" / name) not in made[1]]
    assert "5 runs in 3 rows; 1 folder left out" in made[1] and "SYNTHETIC DATA" in made[1]


def test_nothing_tells_where_on_this_machine_the_runs_lay(made):
    assert not [name for name in FILES if str(made[0]) in read(made, name)]


def test_markdown_has_the_table_the_seeds_and_what_was_left_out(made):
    text = read(made, "report.md")
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert rows[0].startswith("| model | data | classes | protocol | test n | seeds | accuracy |")
    cnn10 = next(row for row in rows if row.startswith("| cnn10 |") and "3 (0, 1, 2)" in row)
    assert "63.0 % (55.5 to 70.2), sd 2.0" in cnn10 and "65.5 % (D4 cnn10)" in cnn10 and "reproduced" in cnn10
    assert "| cnn10-s2 | cnn10 | 2 | 65.0 % (59.4 to 70.2) |" in text
    assert "selected on test (1 row)" in text and "`killed`: an incomplete run" in text
    assert "<script>" not in text and "&lt;script&gt;alert(1)&lt;/script&gt;\\|" in text
    # every row has as many cells as the head
    assert {len(re.split(r"(?<!\\)\|", row)) for row in rows[:5]} == {len(rows[0].split("|"))}


def test_csv_has_one_number_a_cell(made):
    rows = list(csv.DictReader(StringIO(read(made, "report.csv"))))
    cnn10 = next(row for row in rows if row["model"] == "cnn10")
    assert float(cnn10["accuracy"]) == pytest.approx(0.63) and cnn10["seeds"] == "3" and cnn10["n"] == "300"
    assert cnn10["accuracy_interval"] == "seeds and test samples" and float(cnn10["accuracy_low"]) < 0.6
    assert float(cnn10["document_reported"]) == 0.655 and cnn10["verdict"] == "reproduced"
    assert float(cnn10["verdict_low"]) == float(cnn10["accuracy_low"])
    evil = next(row for row in rows if "script" in row["model"])
    assert evil["model"] == EVIL and evil["accuracy_sd"] == "" and evil["accuracy_interval"] == "wilson"
    numeric = [name for name in rows[0] if name.endswith(("_low", "_high", "_sd", "parameters", "_adds"))]
    assert numeric and all(row[name] == "" or float(row[name]) is not None for row in rows for name in numeric)
    own = list(csv.DictReader(StringIO(read(made, "runs.csv"))))
    assert [row["run"] for row in own if row["row"] == "cnn10-s0"] == ["cnn10-s0", "cnn10-s1", "cnn10-s2"]
    assert float(own[0]["accuracy_low"]) < float(own[0]["accuracy"]) < float(own[0]["accuracy_high"])


def test_latex_is_one_booktabs_table_with_everything_escaped(made):
    text = read(made, "report.tex")
    body = text[text.index("\\toprule") : text.index("\\bottomrule")]
    kinds = re.search(r"\\begin\{tabular\}\{@\{\}([lr]+)@\{\}\}", text).group(1)
    rows = [line for line in body.splitlines() if line.endswith("\\\\")]
    assert "& reproduced \\\\" in text.replace(" & -", "") and "lies inside" not in body
    assert len(rows) == 4 and {len(re.split(r"(?<!\\)&", row)) for row in rows} == {len(kinds)}
    assert text.count("\\begin{") == text.count("\\end{") == 2
    assert not re.search(r"(?<!\\)[%#$_](?!\n)", text.partition("\n")[2].replace("{!}{%", "").replace("%\n", ""))
    plain = text.replace("\\{", "").replace("\\}", "")
    assert plain.count("{") == plain.count("}")
    assert escape("a\\b_c%") == r"a\textbackslash{}b\_c\%" and escape("50 %\nx") == r"50 \% x"


def test_the_page_escapes_what_run_folders_say(made):
    text = read(made, "report.html")
    assert "<script>alert" not in text and "<b>" not in text
    assert text.count("<script>") == 1 and "&lt;script&gt;alert(1)" in text
    assert "default-src 'none'" in text
    assert not re.search(r"(src|href)\s*=\s*[\"']?(https?:)?//", text)


def sources(text):
    return re.findall(r'<img src="data:image/png;base64,[^"]+" alt="([^"]+)"', text)


def test_figures_with_faces_stay_out_unless_asked_for(made, tmp_path):
    shown = sources(read(made, "report.html"))
    assert "confusion of cnn10-s0" in shown and not [name for name in shown if name.startswith("gradcam")]
    # nobody's face stands in synthetic data
    assert "samples of made" in shown
    for figures, expected in (("none", 0), ("all", 11)):
        report(str(made[0] / "runs"), str(tmp_path / figures), figures=figures, console=Console(file=StringIO()))
        assert len(sources((tmp_path / figures / "report.html").read_text())) == expected
    with pytest.raises(FerlabError, match="figures: expected none, plain or all"):
        report(str(made[0] / "runs"), str(tmp_path / "x"), figures="some", console=Console(file=StringIO()))
    assert not (tmp_path / "x").exists()


def test_another_report_is_replaced_and_anything_else_is_kept(made, tmp_path):
    def write(**options):
        report(str(made[0] / "runs"), str(tmp_path / "out"), console=Console(file=StringIO()), **options)

    write(figures="none")
    assert (tmp_path / "out" / "runs.csv").exists()
    write(figures="none", by="run", where="model=cnn10", title="Anew")
    text = (tmp_path / "out" / "report.md").read_text()
    assert text.startswith("# Anew") and "3 runs in 3 rows; 2 rows hidden by the filter 'model=cnn10'" in text
    assert not (tmp_path / "out" / "runs.csv").exists()
    (tmp_path / "out" / "notes.txt").write_text("mine")
    with pytest.raises(FerlabError, match=r"holds other files than a report's \(notes.txt\)"):
        write()
    assert (tmp_path / "out" / "report.md").read_text() == text


def test_a_measure_without_any_interval_or_value_still_makes_a_page(tmp_path):
    write_run(tmp_path / "runs/one")
    options = {"metrics": ["test.majority.accuracy.value", "log_loss"], "console": Console(file=StringIO())}
    report(str(tmp_path / "runs"), str(tmp_path / "out"), **options)
    assert "log loss, nats" in (tmp_path / "out/report.html").read_text()


def test_rows_are_chosen_and_sorted_by_measures_without_a_column(made, tmp_path):
    options = {"metrics": ["recall_macro"], "sort": "-val.accuracy", "where": "accuracy>45%"}
    found = report(str(made[0] / "runs"), str(tmp_path / "out"), console=Console(file=StringIO()), **options)
    assert [line.cells["model"].value for line in found.lines] == ["cnn10", EVIL]
    assert not {"accuracy", "val.accuracy"} & {column.name for column in found.table.columns}
