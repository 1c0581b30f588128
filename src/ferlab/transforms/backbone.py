"""BackbonePreprocess: normalise as a timm backbone was trained, unless the configuration says otherwise."""

from collections.abc import Sequence

from ferlab.models import backbones
from ferlab.transforms.image import Preprocess


class BackbonePreprocess(Preprocess):
    """`Preprocess` whose mean and std are the backbone's own.

    Args:
        raw_shape: (height, width, channels) of one raw sample, as `TaskSpec.shape` gives it.
        backbone: name of the network in timm.
        size: side, or (height, width), in pixels, of what the network gets; None: as the data gives it, or the one
            size that the backbone takes.
        channels: 3 (RGB), 1 (grey, with the channels' means of mean and std); None: as the data gives it.
        crop: side, in pixels, of the centre that is cut out after the resize; None: all of it.
        scale: factor on the pixels, which come in 0..255.
        mean: one value, or one a channel, in units after `scale`; None: the backbone's own.
        std: one value, or one a channel, in units after `scale`; None: the backbone's own.

    Raises:
        FerlabError: an unknown backbone, or an option has no meaning.
    """

    def __init__(
        self,
        raw_shape: Sequence[int],
        backbone: str,
        size: int | Sequence[int] | None = None,
        channels: int | None = 3,
        crop: int | None = None,
        scale: int | float = 1 / 255,
        mean: Sequence[int | float] | None = None,
        std: Sequence[int | float] | None = None,
    ) -> None:
        own_mean, own_std = backbones.statistics(backbone)
        if (raw_shape[-1] if channels is None else channels) == 1:
            own_mean, own_std = (sum(own_mean) / len(own_mean),), (sum(own_std) / len(own_std),)
        # the statistics are of pixels on a scale of 0 to 1; in the configuration they count after `scale`
        factor = scale * 255
        super().__init__(
            raw_shape,
            size=size or backbones.only_size(backbone),
            channels=channels,
            crop=crop,
            scale=scale,
            mean=[value * factor for value in own_mean] if mean is None else mean,
            std=[value * factor for value in own_std] if std is None else std,
        )
