"""Lightning's TensorBoard logger, its files in the run folder."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pytorch_lightning.loggers import TensorBoardLogger
from pytorch_lightning.utilities import rank_zero_only

from ferlab.errors import FerlabError


class TensorBoard(TensorBoardLogger):
    """Curves, the report and its figures for TensorBoard, all of it on this machine.

    Args:
        save_dir: the run folder; the files go into its folder `tensorboard`.

    Raises:
        FerlabError: the package that writes them is missing.
    """

    def __init__(self, save_dir: str) -> None:
        if not find_spec("tensorboard") and not find_spec("tensorboardX"):
            raise FerlabError(
                "logger=tensorboard: the package tensorboard is not installed; "
                "cure: pip install 'ferlab[tensorboard]', or logger=csv"
            )
        super().__init__(save_dir, name="tensorboard", version="", default_hp_metric=False)

    @rank_zero_only
    def log_pictures(self, paths: dict[str, Path], step: int) -> None:
        """Add PNG files under their names."""
        import matplotlib.image

        for name, path in paths.items():
            pixels: Any = matplotlib.image.imread(path)
            self.experiment.add_image(name, pixels[..., :3], step, dataformats="HWC")

    @rank_zero_only
    def log_report(self, text: str) -> None:
        """Add the run's report as text."""
        self.experiment.add_text("report", text)
