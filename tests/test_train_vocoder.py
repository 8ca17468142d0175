"""The recipe of a vocoder: what it learns from is as long as the sound, it learns, and a kill changes nothing."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

torch = pytest.importorskip("torch", reason="training needs the extra: pip install 'digiclone[train]'")

from killing import killed_behind  # noqa: E402

from digiclone.config import ConfigError  # noqa: E402
from digiclone.dsp import VOICE_HOP, VOICE_RATE, voice_mel  # noqa: E402
from digiclone.nn import glow_tts, hifigan  # noqa: E402
from digiclone.nn.discriminators import Dims  # noqa: E402
from digiclone.text.symbols import SYMBOLS  # noqa: E402
from digiclone.train import journal, speech, vocoder  # noqa: E402
from digiclone.train.vocoder import Clip  # noqa: E402
from digiclone.types import Audio  # noqa: E402

SMALL = hifigan.Dims(channels=16, kernels=(3,), dilations=(1,))
GLOW = glow_tts.Dims(len(SYMBOLS), hidden=8, inner=16, layers=1, window=1, durations=8, blocks=2, wavenet=1)
TINY = vocoder.Recipe(
    dims=Dims(periods=(2, 3), period_widths=(4, 4, 4, 4, 4), scales=2, scale_widths=(16,) * 7),
    steps=12,
    warm=3,
    batch=2,
    segment=2048,
    every=4,
    rate=1e-3,
)


def silent(_how: str, _share: float) -> None:
    """Nobody listens to the progress."""


def clip(name: str, frames: int, hertz: float) -> Clip:
    """A hum, in mel frames of its own."""
    t = np.arange(frames * VOICE_HOP) / VOICE_RATE
    overtones = np.array([[1], [2], [3]])
    samples = (np.sin(2 * np.pi * hertz * overtones * t) / overtones).sum(axis=0) / 4
    return Clip(name, voice_mel(samples).astype(np.float16), samples.astype(np.float32))


CLIPS = [clip("low", 40, 110.0), clip("high", 25, 230.0)]
KEPT = [clip("between", 20, 160.0)]


@pytest.fixture
def net() -> hifigan.Generator:
    torch.manual_seed(0)
    return hifigan.Generator(SMALL)


# -- what it learns from ----------------------------------------------------------------------------------------------


@pytest.fixture
def acoustic() -> glow_tts.GlowTTS:
    """Glow-TTS that has heard one batch, and none of whose weights is 0."""
    torch.manual_seed(1)
    made = glow_tts.GlowTTS(GLOW)
    made(torch.tensor([[1, 2, 3]]), torch.tensor([3]), torch.randn(1, 80, 12), torch.tensor([12]))
    with torch.no_grad():
        for weight in made.parameters():
            weight.add_(0.01 * torch.randn_like(weight))
    return made


@pytest.mark.parametrize("rate", [22_050, 44_100])
def test_clips_have_exactly_the_frames_of_the_sound(acoustic: glow_tts.GlowTTS, tmp_path: Path, rate: int) -> None:
    (tmp_path / "wavs").mkdir()
    draw = np.random.default_rng(0)
    sounds = [draw.uniform(-0.3, 0.3, rate * tenths // 10) for tenths in (13, 14, 17, 22)]
    lines = [f"c{n}|Hello.|Hello.\n" for n in range(4)] + ["short|Too much was said.|Too much was said.\n"]
    (tmp_path / "metadata.csv").write_text("".join(lines))
    for name, sound in zip(("c0", "c1", "c2", "c3", "short"), [*sounds, sounds[0][:4000]], strict=True):
        soundfile.write(tmp_path / "wavs" / f"{name}.wav", sound, rate, subtype="FLOAT")
    found = list(vocoder.aligned(acoustic, tmp_path))
    assert [one.name for one in found] == ["c0", "c1", "c2", "c3"]
    for one, sound in zip(found, sounds, strict=True):
        frames = round(len(sound) * VOICE_RATE / rate) // VOICE_HOP // 2 * 2
        assert one.mels.shape == (80, frames)
        assert one.samples.shape == (frames * VOICE_HOP,)
        if rate == VOICE_RATE:
            assert np.allclose(one.samples, sound[: frames * VOICE_HOP], atol=1e-6)


def test_without_chance_a_clip_is_each_phones_mean_at_its_place(acoustic: glow_tts.GlowTTS) -> None:
    """Frames that alignment gives to one phone come from the same column of noise; so they can be found again."""
    sound = Audio(np.random.default_rng(2).uniform(-0.3, 0.3, 9000).astype(np.float32), VOICE_RATE)
    one = speech.sentence("x", "Hello.", sound)
    assert one is not None
    acoustic.eval()
    found = vocoder.retold(acoustic, one, sound, noise=0.0)
    some = speech.batch([one])
    with torch.no_grad():
        _, path = acoustic(some.ids, some.phones, some.mels, some.frames)
        _, mean = acoustic.encoder(some.ids, torch.ones(1, 1, len(one.ids)))
        latent, _ = acoustic.decoder(torch.from_numpy(found.mels.astype(np.float32))[None], torch.ones(1, 1, 34))
    assert path.shape[2] == 34, "of 35, the last has no partner"
    for frame, phone in enumerate(path[0].argmax(0).tolist()):
        assert torch.allclose(latent[0, :, frame], mean[0, :, phone], atol=0.02)


def test_chance_is_the_clips_own(acoustic: glow_tts.GlowTTS) -> None:
    sound = Audio(np.random.default_rng(2).uniform(-0.3, 0.3, 9000).astype(np.float32), VOICE_RATE)
    one = speech.sentence("x", "Hello.", sound)
    assert one is not None
    acoustic.eval()
    first, again = (vocoder.retold(acoustic, one, sound, 0.3).mels for _ in range(2))
    other = vocoder.retold(acoustic, replace(one, name="y"), sound, 0.3).mels
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_segment_is_a_piece_of_its_clip() -> None:
    seen = set[str]()
    for step in range(20):
        mels, samples = vocoder.segments(TINY, CLIPS, step)
        assert mels.shape == (2, 80, 8)
        assert samples.shape == (2, 2048)
        for some, sound in zip(mels.numpy(), samples.numpy(), strict=True):
            places = [
                one.name
                for one in CLIPS
                for start in range(one.mels.shape[1] - 7)
                if np.array_equal(some, one.mels[:, start : start + 8])
                and np.array_equal(sound, one.samples[start * 256 : (start + 8) * 256])
            ]
            assert len(places) == 1
            seen.update(places)
    assert seen == {"low", "high"}
    assert torch.equal(vocoder.segments(TINY, CLIPS, 3)[0], vocoder.segments(TINY, CLIPS, 3)[0])


# -- the training -----------------------------------------------------------------------------------------------------


def test_it_learns_and_says_so(net: hifigan.Generator, tmp_path: Path) -> None:
    before = {name: weight.clone() for name, weight in net.state_dict().items()}
    told = list[float]()
    recipe = replace(TINY, steps=60, every=20, rate=3e-3)
    learnt = vocoder.fit(recipe, CLIPS, CLIPS, net, tmp_path, lambda _, share: told.append(share))
    first, *_, last = map(json.loads, (tmp_path / journal.LOSSES).read_text().splitlines())
    assert first == {"step": 0, "kept_mel": pytest.approx(vocoder.judge(net, CLIPS))}
    assert last["kept_mel"] < 0.7 * first["kept_mel"]
    assert vocoder.judge(learnt, CLIPS) <= last["kept_mel"] + 1e-6
    assert {"mel", "adversarial", "features", "discriminators"} < set(last)
    assert (tmp_path / "training.html").read_text().count("<polyline") == 5
    assert told == [pytest.approx(step / 60) for step in range(1, 61)]
    assert all(torch.equal(weight, before[name]) for name, weight in net.state_dict().items()), "as it was"


def test_a_kill_changes_nothing(net: hifigan.Generator, tmp_path: Path) -> None:
    whole = vocoder.fit(TINY, CLIPS, KEPT, net, tmp_path / "whole", silent)
    again = killed_behind((2, 7), lambda: vocoder.fit(TINY, CLIPS, KEPT, net, tmp_path / "killed", silent))
    for name, weight in whole.state_dict().items():
        assert torch.equal(weight, again.state_dict()[name]), name
    ends = [torch.load(next((tmp_path / run).glob("*/vocoder.pt"))) for run in ("whole", "killed")]
    for name, weight in ends[0]["discriminators"].items():
        assert torch.equal(weight, ends[1]["discriminators"][name]), name


def test_at_first_only_the_discriminators_learn(net: hifigan.Generator) -> None:
    game = vocoder.Game(TINY, net)

    def changed(step: int) -> list[set[str]]:
        sides = (game.generator, game.discriminators)
        before = [{name: weight.clone() for name, weight in side.named_parameters()} for side in sides]
        game.step(*vocoder.segments(TINY, CLIPS, step), step)
        return [
            {name for name, weight in side.named_parameters() if not torch.equal(weight, old[name])}
            for side, old in zip(sides, before, strict=True)
        ]

    generator, discriminators = (
        {name for name, _ in side.named_parameters()} for side in (game.generator, game.discriminators)
    )
    assert changed(TINY.warm - 1) == [set(), discriminators]
    assert changed(TINY.warm) == [generator, discriminators], "every weight learns"


def test_discriminators_learn_nothing_from_the_generators_turn(net: hifigan.Generator) -> None:
    game = vocoder.Game(TINY, net)
    mels, real = vocoder.segments(TINY, CLIPS, 0)
    before = {name: weight.clone() for name, weight in game.discriminators.named_parameters()}
    game._generate(real, game.generator(mels))
    for name, weight in game.discriminators.named_parameters():
        assert weight.grad is None
        assert torch.equal(weight, before[name])


def test_what_it_begins_with_is_kept_if_nothing_is_better(net: hifigan.Generator, tmp_path: Path) -> None:
    harmful = replace(TINY, steps=4, warm=0, every=2, mel=-1e4, features=0.0)
    learnt = vocoder.fit(harmful, CLIPS, KEPT, net, tmp_path, silent)
    first, *later = map(json.loads, (tmp_path / journal.LOSSES).read_text().splitlines())
    assert all(look["kept_mel"] > first["kept_mel"] for look in later)
    assert all(torch.equal(weight, net.state_dict()[name]) for name, weight in learnt.state_dict().items())


def test_the_rate_waits_and_falls() -> None:
    rates = [vocoder.rate(TINY, step) for step in range(TINY.steps + 1)]
    assert rates[: TINY.warm + 1] == [TINY.rate] * (TINY.warm + 1)
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] == pytest.approx(0.02 * TINY.rate)


def test_other_mel_frames_begin_anew(net: hifigan.Generator, tmp_path: Path) -> None:
    other = [replace(CLIPS[0], mels=CLIPS[0].mels + np.float16(1)), CLIPS[1]]
    short = replace(TINY, steps=1)
    for recipe, clips in ((short, CLIPS), (short, CLIPS[:1]), (short, other), (replace(short, seed=1), CLIPS)):
        vocoder.fit(recipe, clips, CLIPS[:1], net, tmp_path, silent)
    assert len(list(tmp_path.glob("*/vocoder.pt"))) == 4


def test_clips_that_are_too_short_are_left_out(net: hifigan.Generator, tmp_path: Path) -> None:
    short = clip("short", 7, 100.0)
    vocoder.fit(replace(TINY, steps=1), [*CLIPS, short], KEPT, net, tmp_path, silent)
    with pytest.raises(ConfigError, match="record sentences of a few seconds"):
        vocoder.fit(TINY, [short], KEPT, net, tmp_path, silent)
