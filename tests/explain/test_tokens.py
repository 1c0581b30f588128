import pytest
import torch
from torch import nn

from ferlab.errors import FerlabError
from ferlab.explain.tokens import completeness, integrated_gradients, occlusion, token_attributions
from ferlab.models.text_cnn_lstm import TextCnnLstm
from ferlab.models.word_bags import WordBags


class Sum(nn.Module):
    """A text's logits are the sum of its words' vectors: what each adds is known."""

    def __init__(self, words=10, outputs=3):
        super().__init__()
        self.embedding = nn.Embedding(words, outputs)
        with torch.no_grad():
            self.embedding.weight[0] = 0

    def forward(self, ids):
        return self.embedding(ids).sum(1)


class Blind(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(10, 3)

    def forward(self, ids):
        return self.embedding(ids).sum(1).round().detach()


def net_of(name):
    torch.manual_seed(0)
    if name == "text_cnn_lstm":
        net = TextCnnLstm((16, 12), 3, features=6, filters=[4, 5], kernel=4, units=[5], hidden=7)
    else:
        net = WordBags((16, 12), 3, pairs=16, pieces=8, features=4)
        net.learn_words([f"word{i}" for i in range(10)], list(range(1, 11)), 12)
        for bag in (net.bag, net.pair_bag, net.piece_bag):
            nn.init.normal_(bag.weight)
    return net.train()


@pytest.fixture
def ids():
    torch.manual_seed(1)
    found = torch.randint(2, 10, (3, 16))
    found[0, :5] = 0
    found[1, :14] = 0
    return found


@pytest.mark.parametrize("method", ["integrated_gradients", "occlusion"])
def test_of_a_sum_each_word_adds_its_own(method, ids):
    net = Sum()
    wanted = net.embedding(ids)
    torch.testing.assert_close(token_attributions(net, ids, method), wanted.detach(), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", ["text_cnn_lstm", "word_bags"])
def test_integrated_gradients_sum_to_the_rise(name, ids):
    net = net_of(name)
    missing = completeness(net, ids, integrated_gradients(net, ids, steps=64))
    with torch.no_grad():
        rise = float(net.eval()(ids).abs().max())
    assert float(missing.abs().max()) < 0.02 * max(rise, 0.1)


@pytest.mark.parametrize("name", ["text_cnn_lstm", "word_bags"])
@pytest.mark.parametrize("method", ["integrated_gradients", "occlusion"])
def test_the_net_stays_as_it_was_and_padding_has_nothing(name, method, ids):
    net = net_of(name)
    state = {key: value.clone() for key, value in net.state_dict().items()}
    found = token_attributions(net, ids, method)
    assert found.shape == (3, 16, 3) and torch.isfinite(found).all() and found.any()
    assert not found[ids == 0].any()
    assert net.training and all(p.grad is None for p in net.parameters())
    assert all(torch.equal(value, state[key]) for key, value in net.state_dict().items())
    assert not any(module._forward_hooks for module in net.modules())


def test_occlusion_is_the_fall_without_the_word(ids):
    net = net_of("text_cnn_lstm").eval()
    found = occlusion(net, ids)
    without = ids.clone()
    without[2, 7] = 0
    with torch.no_grad():
        torch.testing.assert_close(found[2, 7], net(ids)[2] - net(without)[2])


def test_occlusion_goes_in_parts(ids, monkeypatch):
    net = net_of("word_bags")
    whole = occlusion(net, ids)
    monkeypatch.setattr("ferlab.explain.tokens.ON_CPU", 5)
    torch.testing.assert_close(occlusion(net, ids), whole)


def test_it_works_where_no_gradient_is_wanted(ids):
    net = net_of("text_cnn_lstm")
    with torch.inference_mode():
        assert integrated_gradients(net, ids.clone()).any()


def test_what_cannot_be_explained_says_what_can(ids):
    with pytest.raises(FerlabError, match="occlusion"):
        integrated_gradients(Blind(), ids)
    with pytest.raises(FerlabError, match=r"no `embedding`.*occlusion"):
        integrated_gradients(nn.Linear(16, 3), ids)
    with pytest.raises(FerlabError, match="one step or more"):
        integrated_gradients(Sum(), ids, 0)
    with pytest.raises(FerlabError, match="expected some of integrated_gradients, occlusion, found 'gradcam'"):
        token_attributions(Sum(), ids, "gradcam")
