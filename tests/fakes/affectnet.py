"""AffectNet's YOLO format: images and label files of the same name, classes named in data.yaml."""

from fakes.pictures import colours, encode

NAMES = ("Anger", "Contempt", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise")
DESCRIPTION = f"train: ./train/images\nval: ./valid/images\ntest: ./test/images\nnc: 8\nnames: [{', '.join(NAMES)}]\n"


def entries(each: int = 1, top: str = "YOLO_format/", side: int = 96) -> dict[str, bytes]:
    """`each` pictures for every class and split; every third is a PNG."""
    made = {f"{top}data.yaml": DESCRIPTION.encode()}
    number = 0
    for split in ("train", "valid", "test"):
        for label in list(range(len(NAMES))) * each:
            suffix = ".png" if number % 3 == 0 else ".jpg"
            name = f"ffhq_{number}" if number % 2 else f"image{number:07d}"
            made[f"{top}{split}/images/{name}{suffix}"] = encode(colours(number, side), suffix)
            made[f"{top}{split}/labels/{name}.txt"] = f"{label} 0.499 0.499 0.999 0.999".encode()
            number += 1
    return made
