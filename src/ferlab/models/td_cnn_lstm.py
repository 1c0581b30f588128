"""td_cnn_lstm: the speech network of document D2, row 5: one CNN for each window of the spectrogram, then two LSTMs.

D2 follows Zhao et al., doi:10.1016/j.bspc.2018.08.035, whose blocks (LFLB: local feature learning block) these are.
"""

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn

from ferlab.errors import FerlabError
from ferlab.models.dropout import Dropout
from ferlab.models.layers import Flatten, batch_norm, conv, dense, named, whole
from ferlab.models.lstm import Lstm


class TdCnnLstm(nn.Module):
    """Four blocks of convolution, BatchNorm, ELU, pooling and dropout for each window; two LSTMs over the windows.

    The blocks are the same for every window (Keras: TimeDistributed), and BatchNorm takes its statistics over all of
    them. The last window's state of the second LSTM makes the decision. Dropout here draws a mask for each window.

    Args:
        input_shape: (windows, mels, frames); any number of windows, each side 128 or more with the default pools.
        outputs: number of logits.
        filters: maps of each block's convolution.
        pools: side of each block's max-pooling, which is its step too.
        units: size of each LSTM's state; one LSTM a number.
        rate: dropout behind each pooling.

    Raises:
        FerlabError: the windows are too small, or a rate or number makes no sense.
    """

    def __init__(
        self,
        input_shape: tuple[int, int, int],
        outputs: int,
        *,
        filters: Sequence[int] = (64, 64, 128, 128),
        pools: Sequence[int] = (2, 4, 4, 4),
        units: Sequence[int] = (256, 256),
        rate: float = 0.2,
    ) -> None:
        super().__init__()
        whole("td_cnn_lstm", "filters", filters)
        whole("td_cnn_lstm", "pools", pools, len(filters))
        windows, mels, frames = input_shape
        if not filters or not units:
            raise FerlabError(
                "model td_cnn_lstm: expected at least one block and one LSTM, found net.filters=[] or units=[]"
            )
        whole("td_cnn_lstm", "units", units)
        if windows < 1 or outputs < 1:
            raise FerlabError(
                f"model td_cnn_lstm: expected 1 or more windows and outputs, found {windows} and {outputs}"
            )
        rows, columns = mels, frames
        for pool in pools:
            rows, columns = rows // pool, columns // pool
        if min(rows, columns) < 1:
            least = 1
            for pool in pools:
                least *= pool
            raise FerlabError(
                f"model td_cnn_lstm: windows of {mels} mels x {frames} frames vanish in poolings of {list(pools)}; "
                f"it needs {least} x {least} or more. Set model.preprocess.n_mels and model.preprocess.frames, or "
                "smaller model.net.pools"
            )
        blocks: dict[str, nn.Module] = {}
        width = 1
        for number, (maps, pool) in enumerate(zip(filters, pools, strict=True), start=1):
            blocks[f"block{number}"] = _block(width, maps, pool, rate)
            width = maps
        self.blocks = named(**blocks)
        self.flatten = Flatten()
        width *= rows * columns
        layers: dict[str, nn.Module] = {}
        for number, size in enumerate(units, start=1):
            layers[f"lstm{number}"] = Lstm(width, size)
            width = size
        self.lstms = nn.ModuleDict(layers)
        self.head = dense(width, outputs)

    def forward(self, x: Float[Tensor, "batch window mel frame"]) -> Float[Tensor, "batch outputs"]:
        """Return the logits of clips cut into windows."""
        # one picture of one channel a window
        pictures = x.flatten(0, 1)[:, None]
        steps = self.flatten(self.blocks(pictures)).unflatten(0, x.shape[:2])
        for lstm in self.lstms.values():
            steps, _ = lstm(steps)
        logits: Tensor = self.head(steps[:, -1])
        return logits


def _block(inputs: int, filters: int, pool: int, rate: float) -> nn.Sequential:
    return named(
        conv=conv(inputs, filters, 3, "same"),
        bn=batch_norm(filters),
        # the pooling first: ELU never falls, so the values are the same, for a fraction of the work
        pool=nn.MaxPool2d(pool),
        elu=nn.ELU(),
        dropout=Dropout(rate),
    )
