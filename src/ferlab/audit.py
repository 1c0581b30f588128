"""`python -m ferlab.audit data=fer2013`: copies, contradicting labels, balance and oddities of images or texts."""

from typing import Any

from ferlab.config import command, entry, run_dir, verbatim
from ferlab.folder import or_nothing


def audit(config: dict[str, Any]) -> None:
    """Audit the data set that `config` names, in Hydra's folder for this run."""
    folder = run_dir()
    with or_nothing(folder, worth="audit.md"):
        from ferlab.auditing.audit import audit as run

        run(config, folder, command("ferlab.audit"))


def main() -> None:
    """Run the entry."""
    verbatim("votes", "data.root")
    entry("audit", audit)


if __name__ == "__main__":
    main()
