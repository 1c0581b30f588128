"""`python -m ferlab.fetch data=fer2013 accept=true`: download a data set's archive, check it and put it in place."""

from typing import Any

from ferlab.config import entry


def fetch(config: dict[str, Any]) -> None:
    """Fetch the archive that `config` names."""
    from ferlab.fetching.archive import fetch as run

    run(config["fetch"], config["output"], config["accept"], config["sha256"])


def main() -> None:
    """Run the entry."""
    entry("fetch", fetch)


if __name__ == "__main__":
    main()
