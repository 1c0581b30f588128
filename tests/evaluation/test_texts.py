"""What is shown of texts: figures, coloured words, the words that move a label, and whether they are the right ones."""

import csv
import json
from html.parser import HTMLParser

import numpy as np
import pytest
import torch
from torch import nn

import made_texts
from ferlab.evaluation.figures.style import save
from ferlab.evaluation.figures.text_figures import frequent_words_figure, lengths_figure, plain_words
from ferlab.evaluation.looking import text_draw
from ferlab.evaluation.looking.coloured_texts import coloured_texts
from ferlab.evaluation.looking.draw import draw
from ferlab.evaluation.looking.explained_texts import answers, attributed
from ferlab.evaluation.looking.explaining import Options, check_options
from ferlab.evaluation.looking.moving_words import moving_words, words_table
from ferlab.evaluation.looking.text_draw import draw_text_figures, explain_texts, usable
from ferlab.evaluation.looking.word_games import word_games
from ferlab.evaluation.pages import explained
from ferlab.evaluation.rows import Rows


class Page(HTMLParser):
    """Collects what a page says of words."""

    def __init__(self, page):
        super().__init__()
        self.words, self.tags, self.now = [], set(), None
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        found = dict(attrs)
        if tag == "span" and (found.get("class") or "").startswith("w"):
            self.now = found

    def handle_data(self, data):
        if self.now is not None:
            self.words.append((data, self.now["style"], self.now["title"]))
            self.now = None


@pytest.fixture(scope="module")
def made():
    return made_texts.pictures()


@pytest.fixture(scope="module")
def rows(made, tmp_path_factory):
    return made_texts.rows(made, tmp_path_factory.mktemp("rows"))


@pytest.fixture(scope="module")
def explained_run(made, rows, tmp_path_factory):
    folder = tmp_path_factory.mktemp("figures")
    kept = []

    def keep(name, figure):
        kept.append(save(figure, folder / f"{name}.png"))

    draw_text_figures(made, made_texts.NAMES, made_texts.CAPTION, keep)
    options = Options(methods=["gradcam", "integrated_gradients", "occlusion"], checks=True, images=10, target="NEU")
    found = explain_texts(folder, made, rows.split("test"), made_texts.CAPTION, keep, options)
    return folder, json.loads(json.dumps(found)), [path.stem for path in kept]


def test_everything_is_written(explained_run):
    folder, found, kept = explained_run
    assert kept == ["text_lengths", "frequent_words", "words"]
    assert (folder / "texts.html").is_file() and not list(folder.glob(".*"))
    assert found["methods"] == ["integrated_gradients", "occlusion"] and found["left_out"] == ["gradcam"]


def test_the_words_that_cause_a_label_move_it_most(explained_run):
    folder, found, _ = explained_run
    with (folder / "words.csv").open(encoding="utf-8", newline="") as file:
        told = list(csv.DictReader(file))
    for name, word in zip(made_texts.NAMES, ("party", "worry"), strict=True):
        first = next(one for one in told if one["label"] == name)
        assert first["word"] == word and float(first["low"]) > 0
    report = "\n\n".join(explained.section(found, "text"))
    assert "`party` +" in report and "[texts.html](figures/texts.html)" in report and "random words" in report
    assert "Left out" in report and "Grad-CAM" in report


def test_the_strongest_words_matter_more_than_random_ones(explained_run):
    games = explained_run[1]["word_games"]
    for method in ("integrated_gradients", "occlusion"):
        assert games["methods"][method]["to_random"]["low"] > 0


def test_words_chosen_by_chance_do_not_beat_chance(made):
    front = made.preprocess
    ids = front.encode([str(text) for text in made.x])
    noise = np.random.default_rng(5).random((*ids.shape, 2))
    games = word_games(made.net, ids, {"noise": noise})
    assert games["methods"]["noise"]["to_random"]["low"] < 0 < games["methods"]["noise"]["to_random"]["high"]


def test_the_page_colours_what_counts_and_escapes_what_it_shows(explained_run):
    page = Page((explained_run[0] / "texts.html").read_text(encoding="utf-8"))
    assert not page.tags & {"script", "img", "b", "link href"}
    said = {word: style for word, style, _ in page.words}
    assert "--a0:1.0" in said["party"] and "--a1:1.0" in said["worry"] and not said.get("tree")
    assert all("EXT" in title for _, _, title in page.words)
    # target=NEU: its colours first
    assert 'id="l1" checked' in (explained_run[0] / "texts.html").read_text(encoding="utf-8")


def test_a_text_that_would_break_out_stays_text(made, rows):
    evil = '</div><script>alert(1)</script> party " onload=x & \u202e \ud800 <img src=x>'
    front = made.preprocess
    ids = front.encode([evil])
    said = answers(rows.split("test")).take(np.array([0]))
    over = attributed(made.net, ids, "occlusion")
    page = coloured_texts([evil], ids, over, said, front, "occlusion", made_texts.CAPTION)
    assert not Page(page).tags & {"script", "img"} and "&lt;/" in page
    empty = coloured_texts([""], ids * 0, over * 0, said, front, "occlusion", made_texts.CAPTION)
    assert "The model read 0 words" in empty


def test_unknown_words_and_those_beyond_the_last_are_marked(made, rows):
    front = made_texts.front([str(text) for text in made.x], tokens=3)
    net = made_texts.knowing(front)
    text = "party unheard stone river"
    ids = front.encode([text])
    said = answers(rows.split("test")).take(np.array([0]))
    page = coloured_texts([text], ids, attributed(net, ids, "occlusion"), said, front, "occlusion", made_texts.CAPTION)
    assert '<span class="w u"' in page and "The model read 3 words of 4" in page
    assert "river" not in [word for word, _, _ in Page(page).words]


def test_moving_words_is_the_mean_over_the_texts_that_hold_them():
    ids = np.array([[2, 2, 3], [3, 2, 0], [4, 3, 1]])
    values = np.arange(9, dtype=float).reshape(3, 3, 1)
    found = {one["word"]: one for one in moving_words(ids, values, ["a", "b", "c"], ["x"], least=2)}
    assert found["a"]["value"] == (0 + 1 + 4) / 2 and found["a"]["texts"] == 2 and found["a"]["occurrences"] == 3
    assert found["b"]["value"] == pytest.approx((2 + 3 + 7) / 3)
    assert set(found) == {"a", "b"}  # c stands in one text alone
    assert found["b"]["low"] <= found["b"]["value"] <= found["b"]["high"]
    assert moving_words(ids, values, ["a", "b", "c"], ["x"]) == []
    assert "none surely" in words_table([], ["x"])


def test_answers_of_every_kind_of_task(rows):
    said = answers(rows.split("test"))
    assert said.names == made_texts.NAMES and said.ids[0] == "author_20" and said.true.shape == (20, 2)
    assert np.array_equal(said.said, said.probabilities >= 0.5)
    labels, p = np.array([0, 1]), np.array([[0.7, 0.3], [0.6, 0.4]], np.float32)
    for kind, names in (("multiclass", ("no", "yes")), ("binary", ("yes",))):
        meta = {"spec": {"kind": kind, "labels": ["no", "yes"]}}
        two = Rows(np.array(["a", "b"]), np.array(["test"] * 2), labels, p.argmax(1), p, ("no", "yes"), meta)
        found = answers(two)
        assert found.names == names and found.probabilities.shape == (2, len(names))
        assert found.true[:, -1].tolist() == [False, True] and not found.said[:, -1].any()


def test_texts_without_words_and_words_with_dollars_are_drawn(tmp_path):
    lengths = np.array([0, 3, 500])
    true = np.array([[True, False], [True, False], [True, False]])
    figure = lengths_figure(lengths, lengths // 2, true, ("a", "none has it"), 30, made_texts.CAPTION)
    assert save(figure, tmp_path / "a.png").stat().st_size > 1000
    figure = frequent_words_figure([["$x$", "a_b"], []], [[], []], 2, made_texts.CAPTION)
    assert save(figure, tmp_path / "b.png").stat().st_size > 1000


@pytest.mark.parametrize(("tokens", "drawn"), [(30, True), (5_000, False)])
def test_the_model_limit_is_drawn_where_texts_come_near_it(tokens, drawn):
    lengths, true = np.arange(1, 101), np.ones((100, 1), bool)
    left = lengths_figure(lengths, lengths, true, ("a",), tokens, made_texts.CAPTION).axes[0]
    assert bool(left.lines) is drawn and left.get_xlim()[1] <= 102


def test_a_label_with_many_words_for_it_tells_those_against_it_too():
    sure = [("for", i, 1.0) for i in range(60)] + [("against", i, -0.5) for i in range(3)]
    found = [
        {"label": "x", "word": f"{side}{i}", "texts": 9, "occurrences": 9, "value": v, "low": v - 0.1, "high": v + 0.1}
        for side, i, v in sure
    ]
    kept = text_draw._surest(found, ("x",))
    assert len(kept) == 23 and "against2" in words_table(kept, ["x"])


def test_plain_words_leave_signs_out():
    assert plain_words("Don't panic... \U0001f600 OK!") == ["don't", "panic", "ok"]


def test_options_go_by_what_texts_allow(made):
    assert usable(Options()) == ("integrated_gradients",)
    assert usable(Options(methods=["occlusion", "gradcam"])) == ("occlusion",)
    check_options({"methods": ["gradcam"], "target": "EXT"}, made.net, made.preprocess, made_texts.NAMES)


def test_occlusion_alone_explains_a_net_without_gradients(made, rows, tmp_path):
    class Hard(nn.Module):
        def __init__(self, inner):
            super().__init__()
            self.inner = inner

        def forward(self, ids):
            with torch.no_grad():
                return self.inner(ids).round()

    from dataclasses import replace

    other = replace(made, net=Hard(made.net))
    found = explain_texts(
        tmp_path,
        other,
        rows.split("test"),
        made_texts.CAPTION,
        lambda *_: None,
        Options(methods=["occlusion"], images=6),
    )
    assert found["words_method"] == "occlusion" and found["words_over"] == 6


def test_draw_takes_the_branch_for_texts(made, rows, tmp_path, monkeypatch):
    monkeypatch.setattr("ferlab.evaluation.looking.draw.draw_rows", lambda *_: [])
    metrics = {"model": "word_bags", "seed": 0, "data": {"name": "texts", "modality": "text"}, "protocol": {}}
    done, found = draw(tmp_path, metrics, rows, made)
    assert [path.stem for path in done] == ["text_lengths", "frequent_words", "words"] and found["page"] == "texts.html"
