"""RAVDESS speech: 1,440 clips, 24 actors, 8 emotions (Livingstone and Russo 2018, doi:10.1371/journal.pone.0196391).

Read from the official archive of 48 kHz WAV files, its Kaggle copy, or any folder or zip of files with the official
names that libsndfile reads.
"""

import re
import zipfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from ferlab.cache import Arrays
from ferlab.data.archive import Archive, files_of, open_archive
from ferlab.data.audio_header import SUFFIXES
from ferlab.data.audio_set import AudioOptions, cached_audio
from ferlab.data.broken import BadEntryError, Broken
from ferlab.data.fingerprint import fingerprint
from ferlab.data.listing import Listing
from ferlab.data.ravdess_labels import labelled, scheme
from ferlab.data.ravdess_names import ACTORS, EMOTIONS, parse
from ferlab.data.samples import Samples
from ferlab.data.sources import data_root, missing
from ferlab.errors import FerlabError

CLIPS = 60
GET = "https://zenodo.org/records/1188976 (Audio_Speech_Actors_01-24.zip; python -m ferlab.fetch data=ravdess)"

_ACTOR = re.compile(r"Actor_(\d+)$", re.IGNORECASE)
_SONG = "Audio_Song_Actors_01-24.zip"
_ZIPS = (
    "Audio_Speech_Actors_01-24.zip",
    "ravdess.zip",
    "ravdess-emotional-speech-audio.zip",
    "ravdess_speech_16k_flac.zip",
    "archive.zip",
)
_COPY = "audio_speech_actors_01-24"
_FOLDERS = ("Audio_Speech_Actors_01-24", _COPY, "ravdess", "RAVDESS", "ravdess-emotional-speech-audio")
_LOOKED_FOR = (*_ZIPS, *(f"{f}/" for f in _FOLDERS), "Actor_01/ ... Actor_24/")


class Ravdess:
    """RAVDESS's spoken recordings as `Samples`: int16 (sample, time), one split "all", persons: actor.

    Recordings of song, and those with video, are left out and counted.

    Args:
        root: folder the archive lies in, or the archive itself; None for `$FERLAB_DATA`.
        labels: "emotion8", "emotion7", "gender_emotion14" or "ancestor7", see `ravdess_labels`.
        classes: classes of that scheme to keep, relabelled in this order.
        kind: "binary" or "multiclass"; None: binary where there are exactly two classes.
        rate: samples a second; clips of another rate are resampled.
        max_seconds: longest clip.
        on_bad: "stop" at a broken entry, or "skip" and count it.
        check_counts: insist on 60 clips of each of 24 actors.
    """

    def __init__(
        self,
        root: str | None = None,
        labels: str = "emotion8",
        classes: Sequence[str] | None = None,
        kind: str | None = None,
        rate: int = 16_000,
        max_seconds: int | float = 30,
        on_bad: str = "stop",
        check_counts: bool = True,
    ) -> None:
        scheme("ravdess", labels)
        self.root, self.labels, self.check_counts = root, labels, check_counts
        self.options = AudioOptions(classes, kind, rate, max_seconds, on_bad)

    def load(self) -> Samples:
        """Read the archive, or the cache where it has been read before.

        Raises:
            FerlabError: no archive, a broken one, or a missing actor or clip.
        """
        root = data_root("ravdess", self.root, _LOOKED_FOR, GET, "synthetic_speech")
        source = _find(root)
        broken = Broken("ravdess", source, self.options.on_bad)
        tops = _tops(source) if source.is_dir() else None

        def build() -> Arrays:
            with open_archive(source, broken, tops) as archive:
                return self.options.read(_list(archive, broken), archive.read, broken)

        key = {"content": fingerprint(files_of(source, tops), source)}
        samples = cached_audio("ravdess", self.options, broken, key, build)
        if self.check_counts:
            _check(samples, len(broken.skipped))
        if root.is_dir() and (root / _SONG).is_file():
            samples = replace(samples, notes=(*samples.notes, f"{_SONG} beside the archive left out: song, not speech"))
        return labelled(samples, self.labels, self.options.classes, self.options.kind)


def _find(root: Path) -> Path:
    """Return the archive: a file, or a folder that holds folders of actors."""
    if root.is_file():
        return root
    for folder in (root, *(root / name for name in _FOLDERS)):
        for name in _ZIPS:
            if (folder / name).is_file() and (name != "archive.zip" or _holds_actors(folder / name)):
                return folder / name
        if folder.is_dir() and any(_ACTOR.match(top) for top in _tops(folder)):
            return folder
    where = f"in {root}"
    if (root / _SONG).is_file():
        where += f", which holds the songs alone ({_SONG})"
    raise missing("ravdess", where, _LOOKED_FOR, GET, "synthetic_speech")


def _tops(folder: Path) -> tuple[str, ...]:
    """Return the folders of actors, and the one that Kaggle's archive repeats them in."""
    names = (path.name for path in folder.iterdir() if path.is_dir())
    return tuple(sorted(name for name in names if _ACTOR.match(name) or name == _COPY))


def _holds_actors(path: Path) -> bool:
    # Kaggle calls every download archive.zip
    try:
        with zipfile.ZipFile(path) as archive:
            return any(_ACTOR.match(part) for name in archive.namelist() for part in PurePosixPath(name).parts)
    except (zipfile.BadZipFile, OSError):
        return False


def _list(archive: Archive, broken: Broken) -> Listing:
    """List the spoken recordings, each id once, and note how many other ones there are."""
    listing = Listing(EMOTIONS)
    left_out: Counter[str] = Counter()
    seen: dict[str, PurePosixPath] = {}
    # the less nested of two copies comes first
    for entry in sorted(archive.names, key=lambda name: (name.count("/"), name)):
        path = PurePosixPath(entry)
        sound = path.suffix.lower() in SUFFIXES
        try:
            recording = parse(path.stem)
        except BadEntryError as error:
            if sound:
                broken.report(entry, str(error))
            continue
        folder = _ACTOR.match(path.parent.name)
        if not recording.spoken_alone:
            left_out[f"{recording.channel} ({recording.modality})"] += 1
        elif not sound:
            broken.report(entry, f"is no sound file: expected one of {', '.join(SUFFIXES)}, found {path.suffix!r}")
        elif folder and int(folder[1]) != recording.actor:
            broken.report(entry, f"lies in the folder of another actor than its name says ({recording.actor:02d})")
        elif path.stem in seen:
            if path.parent == seen[path.stem].parent:
                broken.report(entry, f"repeats the name of {seen[path.stem].name}; expected each once")
            else:
                # Kaggle's archive holds everything twice
                left_out["speech that is there twice"] += 1
        else:
            seen[path.stem] = path
            listing.add(entry, path.stem, EMOTIONS.index(recording.emotion), "all")
    listing.notes = [f"left out: {count:,} recordings of {what}" for what, count in sorted(left_out.items())]
    if not listing.entries:
        found = "; ".join(listing.notes) or "none with an official name"
        raise FerlabError(f"{broken.name}: {broken.source}: expected spoken recordings without video, found {found}")
    return listing


def _check(samples: Samples, skipped: int) -> None:
    counts = Counter(parse(str(sample)).actor for sample in samples.ids)
    short = {actor: CLIPS - counts[actor] for actor in range(1, ACTORS + 1) if counts[actor] < CLIPS}
    if sum(short.values()) > skipped:
        absent = [f"actor {actor:02d} ({CLIPS - gap} of {CLIPS} clips)" for actor, gap in short.items()]
        shown = ", ".join(absent[:8]) + (f" and {len(absent) - 8} more" if len(absent) > 8 else "")
        raise FerlabError(
            f"ravdess: expected {CLIPS} clips of each of {ACTORS} actors, {CLIPS * ACTORS:,} in all, found "
            f"{len(samples):,}; incomplete: {shown}. Get the whole archive from {GET}, or take this one as it is with "
            "data.check_counts=false"
        )
