"""Any clips of one's own: a folder (or zip) of class folders, or a CSV of path,label[,speaker]."""

from collections.abc import Sequence
from dataclasses import replace

from ferlab.data.audio_header import SUFFIXES
from ferlab.data.audio_set import AudioOptions, cached_audio
from ferlab.data.broken import Broken
from ferlab.data.own_files import OwnFiles
from ferlab.data.samples import Samples
from ferlab.data.subset import subset
from ferlab.errors import FerlabError

SPEAKER = "speaker"


class AudioFolder:
    """Class folders, split and class folders, or a CSV of path,label as `Samples`: int16 (sample, time), mono.

    Classes are in alphabetical order (numbers by value). Splits are the folders' or the CSV's, "all" where there are
    none. Further columns of the CSV are kept as text in `Samples.columns`.

    Args:
        root: the folder, a zip of it, or the CSV.
        classes: classes to keep, relabelled in this order.
        kind: "binary" or "multiclass"; None: binary where there are exactly two classes.
        rate: samples a second; clips of another rate are resampled.
        max_seconds: longest clip.
        people: columns of the CSV that say whose clip it is; None: `speaker`, where there is such a column.
        on_bad: "stop" at a broken entry, or "skip" and count it.
        name: the data set's name in outputs.
    """

    def __init__(
        self,
        root: str | None = None,
        classes: Sequence[str] | None = None,
        kind: str | None = None,
        rate: int = 16_000,
        max_seconds: int | float = 30,
        people: Sequence[str] | None = None,
        on_bad: str = "stop",
        name: str = "audio_folder",
    ) -> None:
        self.files = OwnFiles(name, root, "clip", SUFFIXES, "synthetic_speech")
        self.options = AudioOptions(classes, kind, rate, max_seconds, on_bad)
        self.people = people

    def load(self) -> Samples:
        """Read the clips, or the cache where they have been read before.

        Raises:
            FerlabError: nothing there, a layout that is none of the three, a broken clip, or `people` names a column
                that is not there.
        """
        source = self.files.source()
        broken = Broken(self.files.name, source, self.options.on_bad)
        content, build = self.files.opened(
            source, broken, lambda listing, read: self.options.read(listing, read, broken)
        )
        samples = cached_audio(self.files.name, self.options, broken, {"content": content}, build)
        people = [SPEAKER] if self.people is None and SPEAKER in samples.columns else list(self.people or ())
        if unknown := [column for column in people if column not in samples.columns]:
            there = ", ".join(samples.columns) or "none"
            raise FerlabError(
                f"{self.files.name}: data.people names the column {unknown[0]!r}; {source} has {there} besides path, "
                "label and split"
            )
        return subset(replace(samples, people=tuple(people)), self.options.classes, self.options.kind)
