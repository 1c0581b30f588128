"""A report as a LaTeX table (booktabs)."""

from ferlab.reporting.report import Report

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
    rows = ([escape(line.cells[column.name].text) for column in columns] for line in report.lines)
    lines += [f"    {' & '.join(cells)} \\\\" for cells in rows]
    lines += ["    \\bottomrule", "  \\end{tabular}}"]
    lines += [f"  \\par\\smallskip\\footnotesize {escape(' '.join(report.notes))}", "\\end{table}"]
    return "\n".join(lines) + "\n"


def escape(text: str) -> str:
    """Return text that LaTeX prints as it stands, on one line."""
    return "".join(SPECIAL.get(mark, mark) for mark in " ".join(text.split()))
