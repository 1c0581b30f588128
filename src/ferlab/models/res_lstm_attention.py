"""res_lstm_attention: ferlab's own network for speech: a small residual CNN, a BiLSTM and attentive statistics.

Residual blocks after He et al., arXiv 1512.03385, with squeeze and excitation (Hu et al., arXiv 1709.01507); pooling
after Okabe et al., arXiv 1803.10963. Made for small data: half a million parameters.
BatchNorm has torch's momentum, not Keras': an epoch of small data has few steps for the averages to follow.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from ferlab.errors import FerlabError
from ferlab.models.dropout import Dropout
from ferlab.models.layers import dense, glorot, named, whole
from ferlab.models.lstm import Lstm


class ResLstmAttention(nn.Module):
    """From a log-mel spectrogram to logits; early strides keep the pictures small.

    The stem halves both sides and pools them once more; each further stage halves the mels, and from the third on the
    time as well. All maps and rows of a step, for pitch and formants lie at certain rows, become its features, which
    an LSTM reads in both directions; attention weighs its steps, and their weighted mean and standard deviation decide.

    `attention.weights` puts out the weights, (batch, step), summing to 1 over the steps: a forward hook reads them. A
    step is `stride` frames of the spectrogram.

    Args:
        input_shape: (channels, mels, frames); 16 mels and 16 frames or more.
        outputs: number of logits.
        filters: maps of each stage; the stem has as many as the first.
        features: of a step, behind the convolutions.
        units: size of the LSTM's state in each direction; 0: no LSTM.
        hidden: width of the attention's hidden layer.
        dropout_maps: rate for whole maps behind each stage.
        dropout: rate before and behind the LSTM, and before the outputs.

    Raises:
        FerlabError: the spectrogram is too small, or a rate or number makes no sense.
    """

    def __init__(
        self,
        input_shape: tuple[int, int, int],
        outputs: int,
        *,
        filters: Sequence[int] = (32, 64, 96),
        features: int = 128,
        units: int = 96,
        hidden: int = 64,
        dropout_maps: float = 0.1,
        dropout: float = 0.3,
    ) -> None:
        super().__init__()
        whole("res_lstm_attention", "filters", filters)
        whole("res_lstm_attention", "features", [features])
        whole("res_lstm_attention", "hidden", [hidden])
        if not filters or units < 0:
            raise FerlabError(
                f"model res_lstm_attention: expected one stage or more and 0 or more units, found {filters}, {units}"
            )
        channels, mels, frames = input_shape
        self.stride = 4 * 2 ** max(len(filters) - 2, 0)
        least = 4 * 2 ** (len(filters) - 1), 2 * self.stride
        if channels < 1 or outputs < 1 or mels < least[0] or frames < least[1]:
            raise FerlabError(
                f"model res_lstm_attention: a spectrogram of {channels} x {mels} mels x {frames} frames for {outputs} "
                f"outputs; it needs 1 channel or more, {least[0]} mels, {least[1]} frames and 1 output or more. Set "
                "model.preprocess.n_mels and model.preprocess.length, or fewer model.net.filters"
            )
        self.stem = named(
            conv=glorot(nn.Conv2d(channels, filters[0], 5, stride=2, padding=2, bias=False)),
            bn=nn.BatchNorm2d(filters[0]),
            relu=nn.ReLU(),
            pool=nn.MaxPool2d(2),
        )
        stages: dict[str, nn.Module] = {}
        width = filters[0]
        for number, maps in enumerate(filters, start=1):
            stages[f"stage{number}"] = Block(width, maps, (1 if number == 1 else 2, 1 if number < 3 else 2))
            stages[f"dropout{number}"] = nn.Dropout2d(dropout_maps)
            width = maps
        self.stages = named(**stages)
        # what explanations read: the last convolution is but the way around the block
        self.last_maps = f"stages.stage{len(filters)}"
        # as many rows as convolutions with a step of two leave
        rows = -(-((mels + 1) // 2 // 2) // 2 ** (len(filters) - 1))
        self.project = named(linear=dense(rows * width, features), relu=nn.ReLU(), dropout=Dropout(dropout))
        self.lstm = Lstm(features, units, both_ways=True) if units else None
        self.behind = Dropout(dropout)
        width = 2 * units or features
        self.attention = AttentiveStatistics(width, hidden)
        self.dropout = Dropout(dropout)
        self.head = dense(2 * width, outputs)

    def forward(self, x: Float[Tensor, "batch channel mel frame"]) -> Float[Tensor, "batch outputs"]:
        """Return the logits of log-mel spectrograms."""
        maps = self.stages(self.stem(x))
        steps = self.project(maps.permute(0, 3, 2, 1).flatten(2))
        if self.lstm is not None:
            steps = self.behind(self.lstm(steps)[0])
        logits: Tensor = self.head(self.dropout(self.attention(steps)))
        return logits


class Block(nn.Module):
    """Two 3x3 convolutions with BatchNorm, squeeze and excitation, and the way around them.

    Args:
        inputs: maps that come in.
        filters: maps that come out.
        stride: of the first convolution, over (mels, frames).
    """

    def __init__(self, inputs: int, filters: int, stride: tuple[int, int]) -> None:
        super().__init__()
        self.conv1 = glorot(nn.Conv2d(inputs, filters, 3, stride, padding=1, bias=False))
        self.bn1 = nn.BatchNorm2d(filters)
        self.conv2 = glorot(nn.Conv2d(filters, filters, 3, padding=1, bias=False))
        self.bn2 = nn.BatchNorm2d(filters)
        self.squeeze = dense(filters, max(filters // 8, 4))
        self.excite = dense(max(filters // 8, 4), filters)
        # ceil_mode: as many rows and columns as the strided convolution leaves
        self.around = named(
            pool=nn.AvgPool2d(stride, stride, ceil_mode=True, count_include_pad=False),
            conv=glorot(nn.Conv2d(inputs, filters, 1, bias=False)),
            bn=nn.BatchNorm2d(filters),
        )

    def forward(self, x: Float[Tensor, "batch maps row column"]) -> Float[Tensor, "batch filters r c"]:
        """Return the block's maps, 0 or more."""
        out = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        scale = torch.sigmoid(self.excite(F.relu(self.squeeze(out.mean((2, 3))))))
        return F.relu(out * scale[:, :, None, None] + self.around(x))


class AttentiveStatistics(nn.Module):
    """Weigh the steps of a sequence, and return their weighted mean and standard deviation.

    Args:
        features: of a step.
        hidden: width of the layer that judges a step.
    """

    def __init__(self, features: int, hidden: int) -> None:
        super().__init__()
        self.judge = named(linear=dense(features, hidden), tanh=nn.Tanh(), score=dense(hidden, 1))
        self.weights = nn.Softmax(dim=1)

    def forward(self, steps: Float[Tensor, "batch step feature"]) -> Float[Tensor, "batch statistics"]:
        """Return (batch, 2 * features): the means, then the standard deviations."""
        # in single precision: a variance is the small difference of two large numbers
        share = self.weights(self.judge(steps).squeeze(2).float())[:, :, None]
        value = steps.float()
        mean = (share * value).sum(1)
        spread = (share * (value - mean[:, None]).square()).sum(1)
        return torch.cat([mean, (spread + 1e-5).sqrt()], 1).to(steps.dtype)
