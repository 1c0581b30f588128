"""word_bags: ferlab's own network for small sets of long texts: words, pairs of words, pieces of words, attention.

TF-IDF of length one as scikit-learn's, but log(1 + count) in place of the count; pairs and pieces hashed as in
Weinberger et al., arXiv:0902.2206; attention after Yang et al., NAACL 2016, doi:10.18653/v1/N16-1174. Where texts are
few and single words tell little, a linear map of very many of them under heavy regularisation beats reading in order.
"""

from collections.abc import Sequence
from zlib import crc32

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from ferlab.errors import FerlabError
from ferlab.models.dropout import Dropout
from ferlab.models.layers import dense, glorot, whole
from ferlab.models.words import FIRST, embedded, expect_words

MULTIPLIER = 1_000_003
LONGEST = 16
"""Pieces of a word that count: its first 16 characters."""


class WordBags(nn.Module):
    """The sum of linear readings of a text, each of length `scale` before dropout.

    - its words: log(1 + count) times their rarity, TF-IDF over the vocabulary;
    - its pairs of neighbouring words, hashed into `pairs` places (two pairs may share one), each log(1 + count);
    - the pieces of its words, three characters each with the words' ends marked, hashed into `pieces` places: they
      tell stems and endings of words that are too rare to be learnt;
    - its words' vectors, weighted by an attention that learns which words matter.

    What the words are and how common, `learn_words` tells; a checkpoint keeps it. The first three are centred by the
    training texts' mean: what all texts share would drown what they do not. Their weights begin at zero, so that what
    no text teaches stays there; weight decay and dropout of whole words hold them small. Unknown words and padding
    are left out everywhere.

    Args:
        input_shape: (tokens, numbers that a token may have).
        outputs: number of logits.
        pairs: places of the hashed pairs; 0: no pairs.
        pieces: places of the hashed pieces; 0: no pieces.
        features: of a word's vector; 0: no vectors and no attention.
        hidden: width of the attention.
        trainable: the words' vectors learn.
        word_dropout: rate at which a word, pair or piece is missing from a text while training.
        dropout: rate before the outputs of the attention.
        scale: length of each reading; the larger, the faster it learns.

    Raises:
        FerlabError: too few tokens, a rate or number that makes no sense, or nothing to read.
    """

    def __init__(
        self,
        input_shape: tuple[int, ...],
        outputs: int,
        *,
        pairs: int = 16384,
        pieces: int = 8192,
        features: int = 0,
        hidden: int = 32,
        trainable: bool = False,
        word_dropout: float = 0.3,
        dropout: float = 0.5,
        scale: int | float = 10,
    ) -> None:
        super().__init__()
        _, words = expect_words("word_bags", input_shape, outputs)
        whole("word_bags", "hidden", [hidden])
        for option, value in (("pairs", pairs), ("pieces", pieces), ("features", features)):
            if value < 0:
                raise FerlabError(f"model word_bags: net.{option}={value}; expected a whole number from 0 on")
        if not scale > 0:
            raise FerlabError(f"model word_bags: net.scale={scale}; expected a number above 0")
        self.words, self.pairs, self.pieces, self.scale = words, pairs, pieces, float(scale)
        self.idf: Tensor
        self.register_buffer("idf", torch.ones(words))
        self.spelling: Tensor
        # place of each piece of each word; behind its last, the place behind all places
        self.register_buffer("spelling", torch.full((words, LONGEST if pieces else 0), pieces, dtype=torch.int32))
        self.centre, self.pair_centre, self.piece_centre = Centre(words), Centre(pairs), Centre(pieces)
        self.missing = Dropout(word_dropout)
        self.bag = from_zero(words, outputs)
        self.pair_bag = from_zero(pairs, outputs) if pairs else None
        self.piece_bag = from_zero(pieces, outputs) if pieces else None
        self.embedding = embedded(words, features, trainable) if features else None
        self.attention = Attention(features, hidden) if features else None
        self.dropout = Dropout(dropout)
        self.head = dense(features, outputs) if features else None

    @property
    def deciding(self) -> list[nn.Linear]:
        """The dense layers whose sum the logits are: their inputs are what the net makes of a text."""
        return [one for one in (self.bag, self.pair_bag, self.piece_bag, self.head) if one is not None]

    def learn_words(self, vocabulary: Sequence[str], documents: Sequence[int], texts: int) -> None:
        """Keep how each word is spelt, and weigh it by how few training texts it stands in.

        Args:
            vocabulary: the words.
            documents: in how many training texts each of them stands, d.
            texts: how many there are, n; the weight is log((1 + n) / (1 + d)) + 1.
        """
        found = torch.tensor(documents, dtype=torch.float32, device=self.idf.device)
        self.idf[FIRST:] = ((1 + texts) / (1 + found)).log() + 1
        if self.pieces:
            rows = [[crc32(piece.encode()) % self.pieces for piece in pieces_of(word)] for word in vocabulary]
            spelt = [row[:LONGEST] + [self.pieces] * (LONGEST - len(row)) for row in rows]
            self.spelling[FIRST:] = torch.tensor(spelt, dtype=torch.int32, device=self.spelling.device)

    def forward(
        self, ids: Int64[Tensor, "batch tokens"], presence: Float[Tensor, "batch tokens"] | None = None
    ) -> Float[Tensor, "batch outputs"]:
        """Return the logits of numbered words, 0 being padding and 1 an unknown word.

        Args:
            ids: the words.
            presence: of each word, 0 to 1, for those who ask what a word adds: the readings fade with it, while they
                are divided by the length that they have of the whole text. None: 1.
        """
        known = (ids >= FIRST).float()
        there = known if presence is None else known * presence
        logits: Tensor = self.bag(self._reading(self.centre, *bags(ids, known, there, self.words), self.idf))
        if self.pair_bag is not None:
            places = (ids[:, :-1] * MULTIPLIER + ids[:, 1:]) % self.pairs
            both = known[:, :-1] * known[:, 1:]
            of_both = both if there is known else there[:, :-1] * there[:, 1:]
            logits = logits + self.pair_bag(self._reading(self.pair_centre, *bags(places, both, of_both, self.pairs)))
        if self.piece_bag is not None:
            # one place more for what is no piece
            places = self.spelling[ids].long()
            each = known[:, :, None].expand(places.shape).flatten(1)
            of_each = each if there is known else there[:, :, None].expand(places.shape).flatten(1)
            counted = bags(places.flatten(1), each, of_each, self.pieces + 1)
            logits = logits + self.piece_bag(self._reading(self.piece_centre, *(one[:, :-1] for one in counted)))
        if self.embedding is not None and self.attention is not None and self.head is not None:
            vectors = self.embedding(ids)
            weights = self.attention(vectors, known)
            length = pooled(weights, vectors).norm(dim=1, keepdim=True).clamp_min(1e-6)
            logits = logits + self.head(self.dropout(pooled(weights * there, vectors) / length * self.scale))
        return logits

    def _reading(
        self,
        centre: nn.Module,
        whole_text: Float[Tensor, "batch n"],
        counts: Float[Tensor, "batch n"],
        weight: Float[Tensor, "n"] | None = None,
    ) -> Float[Tensor, "batch n"]:
        """Return the logarithm of 1 + count, weighted, divided to length `scale` as the whole text has it, centred."""
        factor = torch.ones(()) if weight is None else weight
        length = (whole_text.log1p() * factor).norm(dim=1, keepdim=True).clamp_min(1e-6)
        mean: Tensor = centre(whole_text.log1p() * factor / length * self.scale)
        thinned: Tensor = self.missing(counts.log1p() * factor / length * self.scale)
        return thinned - mean


class Centre(nn.Module):
    """The mean of all that has passed while training.

    Args:
        features: of what passes.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.mean: Tensor
        self.seen: Tensor
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("seen", torch.zeros(()))

    def forward(self, x: Float[Tensor, "batch feature"]) -> Float[Tensor, "feature"]:
        """Return the mean, after these while training."""
        if self.training:
            with torch.no_grad():
                self.seen += len(x)
                self.mean += (x.float().mean(0) - self.mean) * (len(x) / self.seen)
        return self.mean


class Attention(nn.Module):
    """Weigh each word by what its vector says.

    `weights` puts out the weights, (batch, token), summing to 1 over a text's known words: a forward hook reads them.

    Args:
        features: of a vector.
        hidden: width of the layer that weighs.
    """

    def __init__(self, features: int, hidden: int) -> None:
        super().__init__()
        self.hidden = dense(features, hidden)
        # no bias: a softmax would not feel it
        self.score = glorot(nn.Linear(hidden, 1, bias=False))
        self.weights = nn.Softmax(dim=1)

    def forward(
        self, vectors: Float[Tensor, "batch token feature"], known: Float[Tensor, "batch token"]
    ) -> Float[Tensor, "batch token"]:
        """Return the weights; those of a text without a known word are zero."""
        score = self.score(torch.tanh(self.hidden(vectors)))[:, :, 0].float()
        weights: Tensor = self.weights(score.masked_fill(known == 0, -1e9)) * known
        return weights


def pooled(
    weights: Float[Tensor, "batch token"], vectors: Float[Tensor, "batch token feature"]
) -> Float[Tensor, "batch feature"]:
    """Return the sum of weighted vectors."""
    return torch.bmm(weights[:, None].to(vectors.dtype), vectors)[:, 0]


def pieces_of(word: str, length: int = 3) -> list[str]:
    """Return the runs of so many characters of a word with its ends marked: " cat " has " ca", "cat" and "at "."""
    marked = f" {word} "
    return [marked[i : i + length] for i in range(max(len(marked) - length + 1, 1))]


def bags(
    places: Int64[Tensor, "batch token"],
    known: Float[Tensor, "batch token"],
    there: Float[Tensor, "batch token"],
    size: int,
) -> tuple[Float[Tensor, "batch size"], Float[Tensor, "batch size"]]:
    """Return how often each place is named in a row: by the known tokens, and by as much of them as is there."""
    whole_text = tally(places, known, size)
    return whole_text, whole_text if there is known else tally(places, there, size)


def tally(
    places: Int64[Tensor, "batch token"], much: Float[Tensor, "batch token"], size: int
) -> Float[Tensor, "batch size"]:
    """Return how much of each place there is in a row."""
    return torch.zeros(len(places), size, device=places.device).scatter_add(1, places, much.float())


def from_zero(inputs: int, outputs: int) -> nn.Linear:
    """Return a linear layer whose weights are zero."""
    layer = nn.Linear(inputs, outputs)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer
