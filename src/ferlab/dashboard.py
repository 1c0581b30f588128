"""`python -m ferlab.dashboard project=ferlab`: the project's W&B dashboard, printed as JSON or stored with W&B."""

from typing import Any

from ferlab.config import entry


def dashboard(config: dict[str, Any]) -> None:
    """Print or store the dashboard that `config` describes."""
    from ferlab.tracking.workspace import definition, send, workspace

    made = workspace(config["entity"] or "", config["project"], config["name"])
    print(f"dashboard {send(made)}" if config["save"] else definition(made))


def main() -> None:
    """Run the entry."""
    entry("dashboard", dashboard)


if __name__ == "__main__":
    main()
