"""An audience learns votes: what everybody says, what depends on the channel, and how far clips of a kind agree."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from places import SHARED

from dicetalk.data.crema_d_votes import CHANNELS, COLUMNS, LEVELS, NAMES, ClipVotes, read_clip_votes
from dicetalk.errors import ConfigError, InputError
from dicetalk.reading.audience import open_audience, shipped_audience
from dicetalk.training.audience import AudienceRecipe, expected, penalty, taught
from dicetalk.training.recipes import recipe, train_by

DATA = SHARED / "data" / "relatives" / "crema_d_votes"


def made(agreement: float, clips: int = 40, seed: int = 0) -> ClipVotes:
    """Votes of ten on clips of every kind: the stronger, the more name what was acted; voices say less than faces."""
    draw, rows = np.random.default_rng(seed), []
    for channel in range(len(CHANNELS)):
        for acted in range(len(NAMES)):
            for level in range(len(LEVELS)):
                if acted == 0 and level:
                    continue
                own = (0.5, 0.2, 0.5, 0.8)[level] * (0.6 if channel == 0 else 1.0)
                shares = np.full(len(NAMES), 0.02)
                shares[0] += 0.9 - own
                shares[acted] += own
                shares /= shares.sum()
                for number in range(clips):
                    rows.append(
                        (draw.multinomial(10, draw.dirichlet(agreement * shares)), acted, level, channel, number)
                    )
    votes, *rest = (np.array(column) for column in zip(*rows, strict=True))
    return ClipVotes(votes.astype(float), *rest)


@pytest.fixture(scope="module")
def learned() -> tuple[ClipVotes, np.ndarray, np.ndarray]:
    clips = made(agreement=8.0)
    audience = taught(clips, AudienceRecipe())
    return clips, expected(audience, clips), audience.agreement


def test_it_expects_what_was_voted(learned: tuple[ClipVotes, np.ndarray, np.ndarray]) -> None:
    clips, found, agreement = learned
    kinds = np.column_stack([clips.channel, clips.acted, clips.level])
    for kind in np.unique(kinds, axis=0):
        rows = (kinds == kind).all(1)
        np.testing.assert_allclose(found[rows][0], clips.shares[rows].mean(0), atol=0.06)
    assert ((agreement > 5) & (agreement < 12)).all()


def test_it_is_the_same_for_the_same_votes_in_another_order() -> None:
    clips = made(8.0, clips=6)
    turned = clips.only(np.ones(len(clips), bool))
    order = np.random.default_rng(1).permutation(len(clips))
    turned = ClipVotes(
        clips.votes[order], clips.acted[order], clips.level[order], clips.channel[order], clips.actor[order]
    )
    quick = AudienceRecipe(passes=60)
    one, other = taught(clips, quick), taught(turned, quick)
    np.testing.assert_allclose(expected(one, clips), expected(other, clips), atol=1e-3)


def test_a_share_that_falls_is_held_against_it() -> None:
    rest, unknown, rising = (torch.zeros(*size, dtype=torch.float64) for size in ((3, 6), (3, 5, 6), (3, 5, 3, 6)))
    rising[:, 0, :, 1] = torch.tensor([1.0, 2.0, 3.0])
    plain = AudienceRecipe(bending=0, pooled=0, small=0)
    assert float(penalty(rest, rising, unknown, plain)) == 0
    assert float(penalty(rest, rising.flip(2), unknown, plain)) > 0


def write(path: Path, clips: ClipVotes, **changes: str) -> Path:
    lines = [",".join(COLUMNS)]
    for row in range(len(clips)):
        told = {"actor": str(clips.actor[row]), "acted": NAMES[clips.acted[row]], "level": LEVELS[clips.level[row]]}
        told |= {"channel": CHANNELS[clips.channel[row]]}
        told |= {f"votes_{name}": f"{count:g}" for name, count in zip(NAMES, clips.votes[row], strict=True)}
        lines.append(",".join((told | changes)[column] for column in COLUMNS))
    path.write_text("\n".join(lines) + "\n")
    return path


def test_trained_from_a_folder_it_can_be_opened(tmp_path: Path) -> None:
    clips = made(8.0, clips=3)
    write(tmp_path / "votes.csv", clips)
    np.testing.assert_array_equal(read_clip_votes(tmp_path).votes, clips.votes)
    out = train_by(AudienceRecipe(passes=30), [tmp_path], tmp_path / "run")
    told = open_audience(out).votes(np.eye(8)[1], 1.0, "face")
    assert told is not None and told.name == "angry"


@pytest.mark.parametrize("changes", [{"acted": "bored"}, {"level": "UP"}, {"votes_sad": "many"}, {"votes_sad": "-1"}])
def test_what_is_no_vote_is_refused(changes: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"votes\.csv has a"):
        read_clip_votes(write(tmp_path / "votes.csv", made(8.0, clips=1), **changes))


def test_another_table_or_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file"):
        read_clip_votes(tmp_path)
    (tmp_path / "votes.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="expected the columns actor, acted"):
        read_clip_votes(tmp_path)
    with pytest.raises(ConfigError, match="votes lie in one folder; found 2"):
        train_by(recipe("audience-small"), [tmp_path, tmp_path], tmp_path / "run")


@pytest.mark.skipif(not DATA.is_dir(), reason="CREMA-D's votes (../shared/data/relatives/crema_d_votes) are not here")
def test_what_ships_expects_what_was_voted() -> None:
    clips = read_clip_votes(DATA)
    found = expected(shipped_audience(), clips)
    top = clips.votes[np.arange(len(clips)), found.argmax(1)] == clips.votes.max(1)
    assert top.mean() > 0.72
    np.testing.assert_allclose(found.mean(0), clips.shares.mean(0), atol=0.01)
