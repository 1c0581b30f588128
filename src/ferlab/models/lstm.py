"""Long short-term memory as Keras makes it (Hochreiter and Schmidhuber 1997, doi:10.1162/neco.1997.9.8.1735)."""

import torch
from torch import nn


class Lstm(nn.LSTM):
    """One layer, batch first, with Keras' defaults.

    Glorot-uniform kernel, orthogonal recurrent kernel, one bias vector, zero but for the forget gates' ones. torch's
    second vector of biases, which adds nothing, is kept at zero and is neither learnt, saved nor counted.

    Args:
        inputs: features of a step.
        units: size of the state.
        both_ways: a second layer reads the sequence backwards; the outputs of both stand side by side.
    """

    def __init__(self, inputs: int, units: int, both_ways: bool = False) -> None:
        super().__init__(inputs, units, batch_first=True, bidirectional=both_ways)
        for name, parameter in list(self.named_parameters()):
            if name.startswith("weight_ih"):
                nn.init.xavier_uniform_(parameter)
            elif name.startswith("weight_hh"):
                nn.init.orthogonal_(parameter)
            elif name.startswith("bias_ih"):
                nn.init.zeros_(parameter)
                with torch.no_grad():
                    # torch's order: input, forget, cell, output
                    parameter[units : 2 * units] = 1
            else:
                delattr(self, name)
                self.register_buffer(name, torch.zeros_like(parameter.data), persistent=False)
        self._init_flat_weights()
