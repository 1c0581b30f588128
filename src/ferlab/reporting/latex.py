"""A report as a LaTeX table (booktabs)."""

from ferlab.reporting.report import Report
from ferlab.reporting.table import Column, Line

SPECIAL = {
    "\\": r"\textbackslash{}",
    **{mark: f"\\{mark}" for mark in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "±": r"$\pm$",
    "·": r"$\cdot$",
}


def latex(report: Report) -> str:
    """Return one table: text to the left, numbers to the right; notes below it."""
    columns = report.table.columns
    kinds = "".join("r" if column.numeric else "l" for column in columns)
    lines = [
        "% needs \\usepackage{booktabs}, \\usepackage{graphicx} for its width and \\usepackage[T1]{fontenc} for quotes",
        "\\begin{table}",
        "  \\centering",
        f"  \\caption{{{escape(report.title)}: {escape(report.summary.partition('; ')[0].rstrip('.'))}.}}",
        "  \\label{tab:ferlab-report}",
        "  \\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{%",
        f"  \\begin{{tabular}}{{@{{}}{kinds}@{{}}}}",
        "    \\toprule",
        f"    {' & '.join(escape(column.label) for column in columns)} \\\\",
        "    \\midrule",
    ]
    rows = ([escape(_text(line, column)) for column in columns] for line in report.lines)
    lines += [f"    {' & '.join(cells)} \\\\" for cells in rows]
    lines += ["    \\bottomrule", "  \\end{tabular}}"]
    lines += [
        f"  \\par\\smallskip\\footnotesize {escape(' '.join([*report.notes, *_reasons(report)]))}",
        "\\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _text(line: Line, column: Column) -> str:
    cell = line.cells[column.name]
    # a reason is longer than a column is wide: it stands below
    return str(cell.value) if column.name == "verdict" and cell.value else cell.text


def _reasons(report: Report) -> list[str]:
    """Return why rows were not compared, each reason once."""
    found: dict[str, list[str]] = {}
    for line in report.lines:
        if line.cells["verdict"].value == "not comparable":
            found.setdefault(line.cells["reason"].text, []).append(line.cells["model"].text)
    return [f"Not comparable ({', '.join(dict.fromkeys(models))}): {reason}." for reason, models in found.items()]


def escape(text: str) -> str:
    """Return text that LaTeX prints as it stands, on one line."""
    return "".join(SPECIAL.get(mark, mark) for mark in " ".join(text.split()))
