"""The networks for texts: D2's text_cnn_lstm and ours; both take the numbers of words."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from ferlab.build import build
from ferlab.config import compose, plain
from ferlab.errors import FerlabError
from ferlab.models.measure import measure
from ferlab.models.text_cnn_lstm import TextCnnLstm, to_front
from ferlab.models.word_bags import WordBags, pieces_of

THIN = {
    "text_cnn_lstm": {"features": 6, "filters": [4, 5], "kernel": 4, "units": [5, 6], "hidden": 7},
    "word_bags": {"pairs": 16, "pieces": 8, "features": 6, "hidden": 4, "trainable": True},
}
MAKE = {"text_cnn_lstm": TextCnnLstm, "word_bags": WordBags}


def composed(name, words=9, *overrides):
    """The preprocessing and the net as a run builds them, on a vocabulary of so many words."""
    model = plain(compose("train", [f"model={name}", *overrides]))["model"]
    known = {"vocabulary": [f"w{i}" for i in range(words)], "documents": [1] * words, "texts": 9}
    preprocess = build({**model["preprocess"], **known}, ())
    return preprocess, build(model["net"], preprocess.output_shape, 5)


def thin(name, tokens=24, words=12, outputs=3, **options):
    net = MAKE[name]((tokens, words), outputs, **{**THIN[name], **options})
    if name == "word_bags":
        known = [f"word{i}" for i in range(words - 2)]
        net.learn_words(known, list(range(1, words - 1)), words)
        for bag in (net.bag, net.pair_bag, net.piece_bag):
            # away from its start at zero, where every text has the same logits
            nn.init.normal_(bag.weight) if bag is not None else None
    return net


def texts(lengths, tokens=24, words=12, front=True):
    """Numbers of words behind (or in front of) padding; a text of each length."""
    torch.manual_seed(3)
    ids = torch.zeros(len(lengths), tokens, dtype=torch.long)
    for row, length in zip(ids, lengths, strict=True):
        place = slice(tokens - length, tokens) if front else slice(length)
        row[place] = torch.randint(1, words, (length,))
    return ids


def loss_of(net, ids):
    logits = net(ids)
    return (logits.float() * torch.linspace(-1, 2, logits.numel()).view_as(logits)).sum()


def test_d2s_counts_layer_by_layer():
    preprocess, net = composed("text_cnn_lstm", 9)
    assert preprocess.output_shape == (300, 11)
    summary = measure(net, preprocess.output_shape, preprocess.example())
    rows = {layer.name: layer.params for layer in summary.layers if layer.params}
    # Keras: (kernel * inputs + 1) * filters, four numbers a channel of BatchNorm, 4 * (inputs + units + 1) * units
    assert rows == {
        "embedding": 11 * 300,
        "blocks.block1.conv": 307_328,
        "blocks.block1.bn": 512,
        "blocks.block2.conv": 262_400,
        "blocks.block2.bn": 1_024,
        "blocks.block3.conv": 1_049_088,
        "blocks.block3.bn": 2_048,
        "lstms.lstm1": 498_960,
        "lstms.lstm2": 259_920,
        "lstms.lstm3": 259_920,
        "dense1.linear": 23_168,
        "head": 645,
    }
    assert summary.total == 2_665_013 + 11 * 300
    assert summary.trainable == summary.total - 2 * (128 + 256 + 512)


@pytest.mark.parametrize("name", MAKE)
@pytest.mark.parametrize("outputs", [1, 5])
def test_every_parameter_learns(name, outputs):
    torch.manual_seed(0)
    net = thin(name, outputs=outputs)
    loss_of(net, texts([24, 20, 17, 9, 3, 1])).backward()
    for parameter, value in net.named_parameters():
        assert value.grad is not None and torch.isfinite(value.grad).all(), parameter
        assert value.grad.any(), parameter


@pytest.mark.parametrize("name", MAKE)
def test_state_dict_round_trip(name):
    net, other = thin(name), thin(name)
    ids = texts([24, 12, 7, 0])
    net(ids)
    assert not torch.equal(net.eval()(ids), other.eval()(ids))
    other.load_state_dict(net.state_dict())
    assert torch.equal(net(ids), other(ids))


@pytest.mark.parametrize("name", MAKE)
def test_bf16_autocast_trains(name):
    net = thin(name)
    with torch.autocast("cpu", torch.bfloat16):
        loss_of(net, texts([24, 12, 7, 1])).backward()
    assert all(torch.isfinite(p.grad).all() for p in net.parameters())


@pytest.mark.parametrize("name", MAKE)
@pytest.mark.parametrize("front", [True, False])
def test_more_padding_changes_nothing(name, front):
    torch.manual_seed(0)
    net = thin(name)
    for _ in range(3):
        net(texts([24, 20, 16, 9]))  # BatchNorm away from its start
    net.eval()
    # in steps of the poolings' 4 tokens: their grid stays where it was
    ids = texts([11, 24, 2, 1], front=front)
    more = F.pad(ids, (16, 0) if front else (0, 16))
    longer = thin(name, tokens=40)
    longer.load_state_dict(net.state_dict())
    torch.testing.assert_close(longer.eval()(more), net(ids))


@pytest.mark.parametrize("name", MAKE)
@pytest.mark.parametrize("training", [True, False])
def test_a_text_without_a_word_gives_finite_logits(name, training):
    net = thin(name).train(training)
    assert torch.isfinite(net(texts([5, 0]))).all()
    assert torch.isfinite(net(texts([0, 0]))).all()


@pytest.mark.parametrize("name", MAKE)
@pytest.mark.parametrize(
    ("shape", "outputs", "said"),
    [((3, 24, 24), 2, "takes the numbers of words"), ((0, 9), 2, "tokens or more"), ((24, 9), 0, "1 output or more")],
)
def test_what_is_no_text_is_refused(name, shape, outputs, said):
    with pytest.raises(FerlabError, match=f"model {name}: .*{said}"):
        MAKE[name](shape, outputs)


def test_padding_leaks_where_it_counts_and_only_there():
    ids = texts([8, 8])
    strange = {}
    for counts in (True, False):
        torch.manual_seed(1)
        net = thin("text_cnn_lstm", rate=0.0, padding_counts=counts)
        before = net(ids)
        with torch.no_grad():
            net.embedding.weight[0] += 5
        strange[counts] = not torch.allclose(net(ids), before)
    assert strange == {True: True, False: False}


def test_with_padding_counted_the_order_is_the_documents():
    torch.manual_seed(0)
    net = thin("text_cnn_lstm", rate=0.0, padding_counts=True).double()
    for parameter in net.parameters():
        nn.init.normal_(parameter, std=0.3) if parameter.ndim == 1 else None
    ids = texts([24, 11, 5])
    x = F.embedding(ids, net.embedding.weight).transpose(1, 2)
    for block in net.blocks.values():
        # "same" of four: one zero in front, two behind, as Keras
        x = F.max_pool1d(F.relu(F.conv1d(F.pad(x, (1, 2)), block.conv.weight, block.conv.bias)), 2)
        x = F.batch_norm(x, None, None, block.bn.weight, block.bn.bias, training=True, eps=1e-3)
    x = x.transpose(1, 2)
    for lstm in net.lstms.values():
        x, _ = lstm(x)
    x = F.relu(net.dense1.linear(x[:, -1]))
    torch.testing.assert_close(net(ids), net.head(x))


def test_statistics_are_those_of_the_words_alone():
    torch.manual_seed(0)
    net = thin("text_cnn_lstm", rate=0.0)
    ids = texts([24, 24, 8])
    seen = []
    net.blocks["block1"].bn.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    net(ids)
    assert seen[0].shape == (12 + 12 + 4, 4)


def test_each_text_moves_to_the_front_of_its_row():
    steps = torch.arange(1, 13).view(3, 4, 1).float()
    here = torch.tensor([[False, False, True, True], [True, True, False, False], [False] * 4])
    moved, last = to_front(steps, here)
    assert moved[0, :2, 0].tolist() == [3, 4] and moved[1, :2, 0].tolist() == [5, 6]
    assert last.tolist() == [1, 1, 0]


@pytest.mark.parametrize(
    "options",
    [{"filters": []}, {"units": []}, {"filters": [0]}, {"kernel": 0}, {"rate": 1.0}, {"features": 0}, {"hidden": 0}],
)
def test_options_that_make_no_sense_are_refused(options):
    with pytest.raises(FerlabError, match=r"expected|found none"):
        thin("text_cnn_lstm", **options)


def test_frozen_vectors_do_not_learn():
    net = thin("text_cnn_lstm", trainable=False)
    loss_of(net, texts([24, 3])).backward()
    assert net.embedding.weight.grad is None


def test_words_weigh_as_in_scikit_learn_but_for_the_logarithm():
    from sklearn.feature_extraction.text import TfidfTransformer

    net = thin("word_bags", words=5, pairs=0, pieces=0, features=0, word_dropout=0.0, scale=1).eval()
    counts = torch.tensor([[3.0, 1.0, 0.0], [0.0, 2.0, 1.0]])
    ids = torch.tensor([[2, 2, 3, 2, 1, 0], [4, 0, 3, 1, 3, 0]])
    ids = torch.cat([ids, torch.zeros(2, 18, dtype=torch.long)], 1)
    idf = TfidfTransformer()
    idf.fit([[1, 1, 1]] * 1 + [[0, 1, 1]] * 1 + [[0, 0, 1]] * 1 + [[0, 0, 0]] * 2)
    torch.testing.assert_close(net.idf[2:], torch.tensor(idf.idf_, dtype=torch.float32))
    values = counts.log1p() * net.idf[2:]
    wanted = values / values.norm(dim=1, keepdim=True) @ net.bag.weight[:, 2:].T
    torch.testing.assert_close(net(ids), wanted)


def test_pieces_are_three_characters_with_the_ends_marked():
    assert pieces_of("cat") == [" ca", "cat", "at "]
    assert pieces_of("a") == [" a "]
    assert pieces_of("") == ["  "]


def test_the_same_word_spells_the_same_in_every_vocabulary():
    first, second = thin("word_bags"), thin("word_bags")
    first.learn_words(["alpha", "beta"] * 5, [1] * 10, 3)
    second.learn_words(["beta", "alpha"] * 5, [1] * 10, 3)
    assert torch.equal(first.spelling[2], second.spelling[3]) and not torch.equal(first.spelling[2], first.spelling[3])


def test_presence_of_one_is_the_text_and_of_zero_leaves_the_bias():
    net = thin("word_bags").eval()
    ids = texts([24, 5])
    torch.testing.assert_close(net(ids, torch.ones(2, 24)), net(ids))
    alone = net(ids, torch.zeros(2, 24))
    torch.testing.assert_close(
        alone, (net.bag.bias + net.pair_bag.bias + net.piece_bag.bias + net.head.bias).expand(2, -1)
    )


def test_word_bags_size():
    preprocess, net = composed("word_bags", 9)
    assert preprocess.output_shape == (2000, 11)
    summary = measure(net, preprocess.output_shape, preprocess.example())
    assert summary.total == 5 * (11 + 16_384 + 8_192) + 3 * 5


@pytest.mark.parametrize(
    "options", [{"pairs": -1}, {"pieces": -1}, {"features": -1}, {"hidden": 0}, {"scale": 0}, {"word_dropout": 1.0}]
)
def test_word_bags_refuses_what_makes_no_sense(options):
    with pytest.raises(FerlabError, match="expected"):
        thin("word_bags", **options)
