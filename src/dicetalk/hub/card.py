"""The card of weights: what they are, by what they were taught, how they are used, under which licence."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dicetalk.svd.parts import PARTS

PAPER = "2504.18087"
BASE = "stabilityai/stable-video-diffusion-img2vid-xt"


def card_of(repository: str, config: Mapping[str, Any], licence: str) -> str:
    """The text of a card, with what the hub reads of it at its head.

    Args:
        repository: "OWNER/NAME".
        config: of the checkpoint.
        licence: as the hub names it, `cc-by-nc-sa-4.0`.
    """
    from huggingface_hub import ModelCardData

    head = ModelCardData(
        license=licence,
        library_name="dicetalk",
        pipeline_tag="image-to-video",
        base_model=BASE,
        tags=["talking-head", "emotion", "diffusers", f"arxiv:{PAPER}"],
    )
    return f"---\n{head.to_yaml()}\n---\n\n{_body(repository, config)}"


def _body(repository: str, config: Mapping[str, Any]) -> str:
    name = repository.rpartition("/")[2]
    names = ", ".join(config.get("vocabulary", ())) or "the eight of the paper"
    parts = "\n".join(f"| `{part.folder}/` | {part.library}.{part.kind} |" for part in PARTS)
    return f"""# {name}

A portrait, a recording of speech and an emotion go in; a video of that person speaking with that emotion comes out.
Weights of the svd backbone of DiceTalk, an independent implementation of the method of DICE-Talk
([arXiv:{PAPER}](https://arxiv.org/abs/{PAPER})).

## Use

```python
import dicetalk

talk = dicetalk.DiceTalk.from_pretrained("{repository}")
talk("face.png", "speech.wav", emotion="happy:0.7").save("out.mp4")
```

On the command line: `dicetalk weights get {repository} {name}/`, then
`dicetalk generate face.png speech.wav -e happy --backbone {name}/ -o out.mp4`. No code of this repository is run, and
`trust_remote_code` is not needed: there is none.

## What is in it

| part | class |
|---|---|
{parts}

Emotions: {names}. Weights are safetensors.

## By what it was taught

{_taught(config)}

## Limits

Not measured here unless somebody adds it: say which data, which judge, how many clips. Only make videos of people who
have agreed to it; every video carries a mark of its origin.
"""


def _taught(config: Mapping[str, Any]) -> str:
    learned = config.get("learned")
    if not isinstance(learned, list) or not learned:
        return "The folder does not tell: weights that were imported keep the terms of what they were imported from."
    recipe = config.get("recipe")
    told = recipe if isinstance(recipe, Mapping) else {}
    lines = [f"Corpora: {', '.join(map(str, learned))}. Their licences bind these weights too."]
    if told.get("start") and not told.get("fresh"):
        lines.append(f"It was begun from the weights called {Path(str(told['start'])).name}, whose terms stay.")
    if told.get("learned"):
        lines.append(f"What learned: {told['learned']}.")
    if held := told.get("held_out"):
        lines.append(f"People who were never learned from: {', '.join(map(str, held))}.")
    return " ".join(lines)
