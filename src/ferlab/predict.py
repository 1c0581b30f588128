"""`python -m ferlab.predict checkpoint=best.ckpt images=PATH`: what a trained model says of image files."""

from omegaconf import DictConfig

from ferlab.config import entry, plain


def predict(config: DictConfig) -> None:
    """Predict the images that `config` names."""
    from ferlab.prediction import predict_files

    predict_files(**plain(config))


def main() -> None:
    """Run the entry."""
    entry("predict", predict)


if __name__ == "__main__":
    main()
