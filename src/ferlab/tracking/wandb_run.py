"""Lightning's W&B logger with what it lacks here: a check of the login before training, and a tidy console."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pytorch_lightning.loggers import WandbLogger
from pytorch_lightning.utilities import rank_zero_only

from ferlab.errors import FerlabError

STAGING = "WANDB_DATA_DIR"
CURE = (
    "cure: `wandb login` once, or the variable WANDB_API_KEY; without an account or a network "
    "logger=wandb_offline (or WANDB_MODE=offline), and `wandb sync` later"
)


class WandbRun(WandbLogger):
    """One W&B run for one run folder.

    Args:
        save_dir: the run folder; W&B's own files go into its folder `wandb`.
        project: of W&B.
        entity: the user or team that owns it; None: the one that is logged in.
        name: of the run; None: the run folder's name.
        group: runs that belong together.
        job_type: tells the runs of a group apart.
        tags: of your own, beside those that say what the figures are.
        offline: write everything into the run folder, send nothing.
        images: whether pictures of samples, and the samples' ids, go up; None: those of synthetic data only.
        checkpoint: whether the chosen weights go up, beside the configuration.

    Raises:
        FerlabError: no login, or a run of W&B that is live already.
    """

    def __init__(
        self,
        save_dir: str,
        project: str = "ferlab",
        entity: str | None = None,
        name: str | None = None,
        group: str | None = None,
        job_type: str | None = None,
        tags: Sequence[str] = (),
        offline: bool = False,
        images: bool | None = None,
        checkpoint: bool = True,
    ) -> None:
        # told as a mode: by `offline` Lightning sets WANDB_MODE, and every later run of the process would be offline
        super().__init__(
            name=name or Path(save_dir).resolve().name,
            save_dir=save_dir,
            project=project,
            entity=entity,
            group=group,
            job_type=job_type,
            tags=list(tags),
            mode="offline" if offline else None,
        )
        # Lightning hands on a None that W&B warns of
        self._wandb_init.pop("anonymous", None)
        self.images, self.checkpoint, self.offline = images, checkpoint, offline
        self._before: str | None = None
        self.online = False
        if _is_first():
            self._prepare()

    def start(self, config: dict[str, Any]) -> None:
        """Begin the run and keep its configuration; does nothing on other ranks than the first.

        Raises:
            FerlabError: the server refuses the run or does not answer.
        """
        if not _is_first():
            return
        import wandb

        # pictures of tables go below the run folder too, not into the user's home
        self._before = os.environ.get(STAGING)
        os.environ[STAGING] = str(Path(str(self.save_dir), "wandb").resolve())
        try:
            run = self.experiment
        except wandb.Error as error:
            self._restore()
            raise FerlabError(f"logger=wandb: W&B refused the run or cannot be reached ({error}); {CURE}") from error
        self.log_hyperparams(config)
        where = run.url if self.online else f"offline; to send it: wandb sync {Path(run.dir).parent}"
        print(f"W&B run {run.name}, {where}", flush=True)

    def may_show(self, synthetic: bool) -> bool:
        """Tell whether pictures of the samples may go up."""
        return synthetic if self.images is None else self.images

    @rank_zero_only
    def log_picture(self, key: str, path: Path, step: int, synthetic: bool) -> None:
        """Log a picture that shows samples at a training step, where that is allowed."""
        if self.may_show(synthetic):
            self.log_image(key, [str(path)], step=step)

    def finish(self, failed: bool) -> None:
        """End the run, so that the next job of a multirun gets one of its own."""
        run, self._experiment = self._experiment, None
        if run is None or not _is_first():
            return
        run.finish(exit_code=int(failed))
        self._restore()

    def _prepare(self) -> None:
        """See to it that W&B will neither ask on the terminal nor write into a run that is not ours."""
        import wandb

        if wandb.run is not None:
            raise FerlabError(
                f"logger=wandb: the W&B run {wandb.run.name!r} is live in this process, and this one would write into "
                "it; cure: wandb.finish() first"
            )
        settings = wandb.Settings(silent=True, console="off")
        self._wandb_init["settings"] = settings
        try:
            mode = wandb.setup(settings).settings.mode
            self.online = not self.offline and mode not in ("offline", "dryrun", "disabled")
            if self.online and not wandb.login(prompt=False):
                raise FerlabError(f"logger=wandb: not logged in to W&B, found no API key; {CURE}")
        except wandb.Error as error:
            raise FerlabError(f"logger=wandb: the login to W&B does not hold ({error}); {CURE}") from error

    def _restore(self) -> None:
        if self._before is None:
            os.environ.pop(STAGING, None)
        else:
            os.environ[STAGING] = self._before


def _is_first() -> bool:
    # Lightning sets it on the function
    return getattr(rank_zero_only, "rank", 0) == 0
