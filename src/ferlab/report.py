"""`python -m ferlab.report 'runs/**'`: many runs in one table, as Markdown, CSV, LaTeX and a page for the browser."""

from typing import Any

from ferlab.config import entry, positional, verbatim


def report(config: dict[str, Any]) -> None:
    """Write the report that `config` describes."""
    from ferlab.reporting.write import report as write

    write(**config)


def main() -> None:
    """Run the entry."""
    positional("runs")
    verbatim("where", "output", "title")
    entry("report", report)


if __name__ == "__main__":
    main()
