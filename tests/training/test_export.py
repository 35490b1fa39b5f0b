"""The exported graph: the numbers of torch, and no weights but those of the one file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from safetensors.numpy import load_file

from dicetalk.emotion.embedder import EmotionEmbedder
from dicetalk.emotion.embedding import GRAPH, HEARING, HEARING_GRAPH, HEARING_WEIGHTS, Embedder
from dicetalk.emotion.priors import Prior, read_space
from dicetalk.emotion.space import PRIORS, SHIPPED, WEIGHTS
from dicetalk.emotion.vocabulary import HEARD
from dicetalk.training.export import export_embedder
from dicetalk.training.stage1_embedder import load_embedder

# Two runtimes add the same float32 numbers in another order. Seen: 2e-6 of the shipped embedder's means, which reach 5;
# 2.1e-5 of the tiny one's over a minute.
CLOSE = 5e-5
HEARS = (HEARING_GRAPH, HEARING_WEIGHTS)


@pytest.fixture(params=["shipped", "trained"])
def folder(request: pytest.FixtureRequest) -> Path:
    return SHIPPED if request.param == "shipped" else request.getfixturevalue("tiny_embedder")


@torch.inference_mode()
def by_torch(net: EmotionEmbedder, speech: np.ndarray, motion: np.ndarray, heard: bool, seen: bool) -> list[np.ndarray]:
    streams = (torch.from_numpy(rows)[None] for rows in (speech, motion))
    inside = torch.ones(1, len(speech), dtype=torch.bool)
    found = net(*streams, inside, torch.tensor([heard]), torch.tensor([seen]))
    return [found.mean[0].numpy(), found.variance[0].sqrt().numpy()]


@pytest.mark.slow
@pytest.mark.parametrize("frames", [1, 2, 3, 4, 5, 30, 250, 1500])
def test_both_runtimes_find_the_same(folder: Path, frames: int) -> None:
    net, embedder, rng = load_embedder(folder), Embedder(folder), np.random.default_rng(frames)
    speech, motion = (rng.standard_normal((frames, columns), np.float32) for columns in (117, 58))
    for heard, seen in ((True, True), (True, False), (False, True)):
        found = embedder.embed(speech if heard else None, motion if seen else None)
        expected = Prior(*by_torch(net, speech, motion, heard, seen))
        expected = expected if seen else embedder.space.among(expected, HEARD)
        mean, std = expected.mean, expected.std
        np.testing.assert_allclose(found.mean, mean, rtol=CLOSE, atol=CLOSE)
        np.testing.assert_allclose(found.std, std, rtol=CLOSE, atol=CLOSE)


@pytest.mark.parametrize(("inner", "graph_name", "weights"), [("", GRAPH, WEIGHTS), (HEARING, *HEARS)])
def test_the_weights_lie_in_one_file(folder: Path, inner: str, graph_name: str, weights: str) -> None:
    folder = folder / inner
    assert (folder / graph_name).stat().st_size < 100_000
    stored, content = load_file(folder / weights), (folder / weights).read_bytes()
    graph = onnx.load(folder / graph_name, load_external_data=False).graph
    referred = {tensor.name.partition(".")[2]: tensor for tensor in graph.initializer}
    assert set(stored) == set(referred)
    for name, tensor in referred.items():
        assert tensor.data_location == onnx.TensorProto.EXTERNAL and not tensor.raw_data and not tensor.float_data
        place = {entry.key: entry.value for entry in tensor.external_data}
        start = int(place["offset"])
        assert place["location"] == weights and tuple(tensor.dims) == stored[name].shape
        assert content[start : start + int(place["length"])] == stored[name].tobytes()
    assert max(node.ByteSize() for node in graph.node) < 1000  # nor do constants hide any


@pytest.mark.slow
def test_exporting_again_gives_the_same_graph(tmp_path: Path, tiny_embedder: Path) -> None:
    """The one that ships, in a process that has exported another one before."""
    (tmp_path / WEIGHTS).write_bytes((SHIPPED / WEIGHTS).read_bytes())
    before = torch.get_rng_state()
    net = load_embedder(SHIPPED)
    export_embedder(net, tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == [GRAPH, WEIGHTS]
    assert torch.equal(torch.get_rng_state(), before)
    assert (tmp_path / GRAPH).read_bytes() == (SHIPPED / GRAPH).read_bytes()


def test_nothing_in_the_graph_tells_of_the_machine() -> None:
    model = onnx.load(SHIPPED / GRAPH, load_external_data=False)
    assert not any(node.metadata_props or node.doc_string for node in model.graph.node)
    assert b".py" not in (SHIPPED / GRAPH).read_bytes()


def test_what_was_trained_says_what_it_is(tiny_embedder: Path) -> None:
    config = json.loads((tiny_embedder / "config.json").read_text())
    assert config["vocabulary"] == ["neutral", "happy", "sad"]
    assert config["space"] == Embedder(tiny_embedder).space.name == read_space(tiny_embedder / PRIORS)
