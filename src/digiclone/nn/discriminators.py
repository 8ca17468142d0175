"""HiFi-GAN's discriminators (Kong, Kim and Bae 2020): they learn to tell sound that was made from real sound, and the
generator learns to deceive them.

Those of section 2.3 (multi-period) fold sound into rows of so many samples and look down the columns, where what is
periodic lines up; those of multi-scale (from MelGAN) look at sound as it is, and averaged over two and four samples.
The names of their parts are those of the authors' checkpoints, which hold `mpd` and `msd`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm, weight_norm

from digiclone.nn.hifigan import SLOPE

KERNELS = (15, 41, 41, 41, 41, 41, 5)
STRIDES = (1, 2, 2, 4, 4, 1, 1)
GROUPS = (1, 4, 16, 16, 16, 16, 1)
"""Of the convolutions that look at a scale."""


@dataclass(frozen=True)
class Dims:
    """The authors' sizes: the channels of each convolution before the last, which has one."""

    periods: tuple[int, ...] = (2, 3, 5, 7, 11)
    period_widths: tuple[int, ...] = (32, 128, 512, 1024, 1024)
    scales: int = 3
    scale_widths: tuple[int, ...] = (128, 128, 256, 512, 1024, 1024, 1024)


@dataclass(frozen=True, eq=False)
class Seen:
    """What one discriminator made of sound: how real each part is, `scores` (B, N), 1 for real and 0 for made; and
    the output of every convolution, `features`, scores included."""

    scores: Tensor
    features: tuple[Tensor, ...]


class PeriodDiscriminator(nn.Module):
    """Looks at every `period`-th sample, at all of its phases with the same eyes."""

    def __init__(self, period: int, widths: Sequence[int]) -> None:
        super().__init__()
        self.period = period
        strides = [3] * (len(widths) - 1) + [1]
        self.convs = nn.ModuleList(
            weight_norm(nn.Conv2d(narrow, wide, (5, 1), (stride, 1), padding=(2, 0)))
            for narrow, wide, stride in zip((1, *widths[:-1]), widths, strides, strict=True)
        )
        self.conv_post = weight_norm(nn.Conv2d(widths[-1], 1, (3, 1), padding=(1, 0)))

    def forward(self, sound: Tensor) -> Seen:
        """Of samples (B, T); features are (B, channels, rows, period)."""
        whole = functional.pad(sound[:, None], (0, -sound.shape[1] % self.period), "reflect")
        return seen(whole.unflatten(2, (-1, self.period)), self.convs, self.conv_post)


class ScaleDiscriminator(nn.Module):
    """Looks at samples one after the other."""

    def __init__(self, widths: Sequence[int], norm: Callable[[nn.Conv1d], nn.Module]) -> None:
        super().__init__()
        layers = zip((1, *widths[:-1]), widths, KERNELS, STRIDES, GROUPS, strict=True)
        self.convs = nn.ModuleList(
            norm(nn.Conv1d(narrow, wide, kernel, stride, kernel // 2, groups=groups))
            for narrow, wide, kernel, stride, groups in layers
        )
        self.conv_post = norm(nn.Conv1d(widths[-1], 1, 3, padding=1))

    def forward(self, sound: Tensor) -> Seen:
        """Of samples (B, T); features are (B, channels, time)."""
        return seen(sound[:, None], self.convs, self.conv_post)


class MultiPeriodDiscriminator(nn.Module):
    """One for each period; they are primes, so that no two see the same samples."""

    def __init__(self, dims: Dims) -> None:
        super().__init__()
        self.discriminators = nn.ModuleList(PeriodDiscriminator(period, dims.period_widths) for period in dims.periods)

    def forward(self, sound: Tensor) -> list[Seen]:
        """What each of them makes of samples (B, T)."""
        return [discriminator(sound) for discriminator in self.discriminators]


class MultiScaleDiscriminator(nn.Module):
    """One for the sound as it is, with spectral norm, which holds it steadiest; and others for the sound averaged once
    more each."""

    def __init__(self, dims: Dims) -> None:
        super().__init__()
        self.discriminators = nn.ModuleList(
            ScaleDiscriminator(dims.scale_widths, weight_norm if scale else spectral_norm)
            for scale in range(dims.scales)
        )

    def forward(self, sound: Tensor) -> list[Seen]:
        """What each of them makes of samples (B, T)."""
        seen = list[Seen]()
        for discriminator in self.discriminators:
            seen.append(discriminator(sound))
            sound = functional.avg_pool1d(sound[:, None], 4, 2, padding=2)[:, 0]
        return seen


class Discriminators(nn.Module):
    """All of them."""

    def __init__(self, dims: Dims) -> None:
        super().__init__()
        self.dims = dims
        self.mpd = MultiPeriodDiscriminator(dims)
        self.msd = MultiScaleDiscriminator(dims)

    def forward(self, sound: Tensor) -> list[Seen]:
        """What each of them makes of samples (B, T)."""
        return [*self.mpd(sound), *self.msd(sound)]


def seen(x: Tensor, convs: Iterable[nn.Module], last: nn.Module) -> Seen:
    """What convolutions make of `x`, one after the other, the `last` of them saying how real it is."""
    features = list[Tensor]()
    for conv in convs:
        x = functional.leaky_relu(conv(x), SLOPE)
        features.append(x)
    x = last(x)
    return Seen(x.flatten(1), (*features, x))


# -- losses -----------------------------------------------------------------------------------------------------------


def discriminator_loss(real: Iterable[Seen], made: Iterable[Seen]) -> Tensor:
    """Least squares (equation 1), summed over discriminators (equation 8): 1 for real sound, 0 for made sound."""
    pairs = zip(real, made, strict=True)
    return _sum((1 - one.scores.float()).square().mean() + other.scores.float().square().mean() for one, other in pairs)


def generator_loss(made: Iterable[Seen]) -> Tensor:
    """Least squares (equation 2), summed over discriminators (equation 7): made sound should be taken for real."""
    return _sum((1 - one.scores.float()).square().mean() for one in made)


def feature_loss(real: Iterable[Seen], made: Iterable[Seen]) -> Tensor:
    """How far apart real and made sound look inside the discriminators (equation 4), summed over them."""
    return _sum(
        (theirs.float() - ours.float()).abs().mean()
        for one, other in zip(real, made, strict=True)
        for theirs, ours in zip(one.features, other.features, strict=True)
    )


def _sum(losses: Iterable[Tensor]) -> Tensor:
    return torch.stack(list(losses)).sum()
