"""`python -m ferlab.predict checkpoint=best.ckpt images=PATH` (or sounds=, texts=): what a model says of files."""

from typing import Any

from ferlab.config import entry


def predict(config: dict[str, Any]) -> None:
    """Predict the files that `config` names."""
    from ferlab.prediction import predict_files

    predict_files(**config)


def main() -> None:
    """Run the entry."""
    entry("predict", predict)


if __name__ == "__main__":
    main()
