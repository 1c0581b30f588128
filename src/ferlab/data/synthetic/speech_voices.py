"""Who speaks and how they feel: voices of speakers, and what an emotion does to them.

Directions and sizes follow the reviews of vocal emotion: Banse and Scherer 1996 (doi:10.1037/0022-3514.70.3.614) and
Juslin and Laukka 2003 (doi:10.1037/0033-2909.129.5.770): anger, fear, joy and surprise raise pitch and level, sadness
and calm lower them and soften the spectrum, fear and disgust roughen the voice, surprise ends high.
"""

from dataclasses import dataclass

import numpy as np

from ferlab.data.ravdess_names import EMOTIONS, Recording

# pitch and final rise in semitones, range and tempo in octaves (doublings), level and tilt in dB, roughness in octaves
# of jitter and shimmer, breath in dB, tremor in semitones, f1 and f2 in octaves
_MEASURES = ("pitch", "rise", "range", "tempo", "level", "tilt", "rough", "breath", "tremor", "f1", "f2")
_EFFECTS = {
    "neutral": (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
    "calm": (-1.0, 0.3, -0.40, -0.18, -4.0, -4.0, -0.2, 3.0, 0.0, -0.03, 0.0),
    "happy": (4.5, 1.0, 0.55, 0.10, 4.0, 2.5, 0.0, 0.0, 0.0, 0.05, 0.06),
    "sad": (-0.5, -1.0, -0.55, -0.28, -5.0, -4.5, 0.7, 4.0, 0.15, 0.0, -0.03),
    "angry": (4.0, -1.5, 0.35, 0.06, 8.0, 6.0, 0.7, -2.0, 0.0, 0.12, 0.0),
    "fearful": (6.5, 0.5, -0.10, 0.25, 3.0, 1.0, 1.1, 3.0, 0.5, 0.02, 0.02),
    "disgust": (-1.0, -1.5, 0.10, -0.26, 0.5, 0.5, 1.2, 1.0, 0.0, 0.08, -0.05),
    "surprised": (5.5, 7.0, 0.75, 0.02, 3.0, 1.5, 0.0, 1.0, 0.0, 0.04, 0.02),
}
_STRENGTH = {"normal": 0.6, "strong": 1.1}
# standard deviations: of one speaker's way to show one emotion, and of one recording
_HABIT = np.array([1.2, 1.2, 0.20, 0.07, 1.5, 1.5, 0.35, 1.5, 0.06, 0.02, 0.02])
_CHANCE = np.array([0.9, 1.0, 0.15, 0.05, 1.3, 1.0, 0.25, 1.0, 0.04, 0.015, 0.015])


@dataclass(frozen=True)
class Voice:
    """One recording's voice.

    Attributes:
        pitch: Hz in the middle of the phrase.
        rise: semitones of the last syllable, against the usual fall.
        span: semitones of an accent.
        tempo: 1 is usual.
        level: dB full scale, root mean square of the speech.
        cutoff: Hz from which the source falls by a further 6 dB an octave.
        jitter: standard deviation of a cycle's length, as a share.
        shimmer: standard deviation of a cycle's strength, as a share.
        breath: strength of the breath beside the voice.
        open: share of a cycle in which the glottis is open.
        tremor: semitones.
        tract: factor of the third and higher formants: 1 in an average man.
        f1: factor of the first formant.
        f2: factor of the second.
    """

    pitch: float
    rise: float
    span: float
    tempo: float
    level: float
    cutoff: float
    jitter: float
    shimmer: float
    breath: float
    open: float
    tremor: float
    tract: float
    f1: float
    f2: float


def voice(recording: Recording, seed: int) -> Voice:
    """Return how a recording is spoken; the same speaker has the same throat in each.

    Args:
        recording: who says what in which emotion.
        seed: another seed, other speakers.
    """
    female = recording.gender == "female"
    speaker = np.random.default_rng([seed, 1, recording.actor]).standard_normal(12).tolist()
    number = EMOTIONS.index(recording.emotion)
    habit = np.random.default_rng([seed, 2, recording.actor, number]).standard_normal(len(_MEASURES))
    strong = recording.intensity == "strong"
    facts = [seed, 3, recording.actor, number, strong, recording.statement, recording.repetition]
    chance = np.random.default_rng(facts).standard_normal(len(_MEASURES))
    # how much of what they feel they show
    shown = _STRENGTH[recording.intensity] * 2 ** (0.35 * speaker[0])
    effect = np.array(_EFFECTS[recording.emotion]) * shown
    moved = dict(zip(_MEASURES, (effect + habit * _HABIT + chance * _CHANCE).tolist(), strict=True))
    tract = (1.17 if female else 1.0) * 2 ** (0.05 * speaker[1])
    rough = 2 ** (0.4 * speaker[2] + moved["rough"])
    tilt = 2.0 * speaker[3] + moved["tilt"] - 1.5 * female
    return Voice(
        pitch=(205.0 if female else 115.0) * 2 ** ((1.7 * speaker[4] + moved["pitch"]) / 12),
        rise=moved["rise"] - 2.5 + 0.7 * speaker[5],
        span=2.6 * 2 ** (0.3 * speaker[6] + moved["range"]),
        tempo=2 ** (0.09 * speaker[7] + moved["tempo"]),
        level=min(-31 + 2.0 * speaker[8] + moved["level"], -14.0),
        cutoff=min(2600 * 2 ** (tilt / 6), 7500.0),
        jitter=min(0.008 * rough, 0.06),
        shimmer=min(0.04 * rough, 0.3),
        breath=min(0.04 * 10 ** ((2 * speaker[9] + 3 * female + moved["breath"]) / 20), 0.4),
        open=float(np.clip(0.58 + 0.04 * speaker[10] + 0.06 * female - 0.015 * moved["tilt"], 0.4, 0.8)),
        tremor=abs(moved["tremor"]),
        tract=tract,
        f1=tract * 2 ** moved["f1"],
        f2=tract * 2 ** (moved["f2"] + 0.02 * speaker[11]),
    )
