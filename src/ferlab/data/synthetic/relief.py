"""The relief of the skin: sockets, nose, folds and wrinkles, as a factor on the light."""

import numpy as np

from ferlab.data.synthetic.features import nose_place
from ferlab.data.synthetic.head import Faces, View
from ferlab.data.synthetic.shapes import Field, blob, line, ramp


def relief(view: View, faces: Faces) -> Field:
    """Return the factor by which relief brightens or darkens the skin, about 0.4 to 1.3."""
    light = np.ones_like(view.x)
    light *= _bones(view, faces)
    light *= _nose(view, faces)
    light *= 1 - _upper_wrinkles(view, faces)
    light *= 1 - _folds(view, faces)
    return light


def _bones(view: View, faces: Faces) -> Field:
    across, y = np.abs(view.x), view.y
    sockets = blob(across - faces["eye_x"], y - faces["eye_y"] + np.float32(0.05), 0.24, 0.17)
    cheeks = blob(across - np.float32(0.36), y - faces["nose_y"] + np.float32(0.05), 0.26, 0.22)
    lifted = blob(across - np.float32(0.36), y - faces["nose_y"] + np.float32(0.12), 0.20, 0.14)
    under_lip = blob(view.x, y - faces["mouth_y"] - np.float32(0.17) - np.float32(0.25) * faces["au26"], 0.20, 0.08)
    chin = blob(view.x, y - np.float32(0.82) - np.float32(0.08) * faces["au26"], 0.22, 0.14)
    light: Field = (
        1
        - np.float32(0.22) * sockets
        + np.float32(0.10) * cheeks
        + (np.float32(0.13) * faces["au6"] + np.float32(0.06) * faces["au12"] * faces["both"]) * lifted
        - np.float32(0.16) * under_lip
        + np.float32(0.10) * chin
    )
    return light


def _nose(view: View, faces: Faces) -> Field:
    x, y = nose_place(view, faces)
    dy = y - faces["nose_y"] + np.float32(0.04) * faces["au9"]
    length = faces["nose_y"] - faces["eye_y"]
    down = ramp(y, faces["eye_y"] - np.float32(0.12), faces["nose_y"])
    half = faces["nose_width"] * (np.float32(0.30) + np.float32(0.55) * down)
    along = blob(np.zeros_like(x), dy + length * np.float32(0.45), 1.0, length * np.float32(0.85))
    ridge = line(x, half * np.float32(0.8), view.pixel) * along
    # the flank away from the light lies in the shade
    far = np.clip(np.float32(0.5) + np.sign(x) * faces["light_x"] * np.float32(-0.9), 0.1, 1)
    flank = line(np.abs(x) - half, np.float32(0.07), view.pixel) * along * far
    below = blob(x, dy - np.float32(0.07), faces["nose_width"] * np.float32(1.15), 0.07)
    tip = blob(x, dy + np.float32(0.06), 0.09, 0.08)
    raised = np.float32(0.12) * ridge + np.float32(0.14) * tip
    light: Field = 1 + raised - np.float32(0.30) * flank - np.float32(0.28) * below
    return light


def _upper_wrinkles(view: View, faces: Faces) -> Field:
    """Return the lines of forehead (AU1, AU2), frown (AU4), nose (AU9), lids and crow's feet (AU6, AU7), 0..0.8."""
    across, y = np.abs(view.x), view.y
    up = y - faces["brow_y"] + np.float32(0.24)
    waves = np.square(np.sin((up + np.float32(0.05) * np.square(view.x)) * np.float32(np.pi / 0.10)))
    middle, sides = blob(view.x, up, 0.30, 0.14), blob(across - np.float32(0.32), up, 0.18, 0.13)
    raised = np.maximum(faces["au1"] * middle, faces["au2"] * sides)
    forehead = waves * (np.float32(0.45) * raised * (np.float32(0.4) + np.float32(0.6) * faces["age"]))
    knit = y - faces["brow_y"] - np.float32(0.03)
    frown = line(across - np.float32(0.045), 0.026, view.pixel) * blob(view.x, knit, 0.5, 0.15)
    frown = frown * np.float32(0.65) * np.maximum(faces["au4"], np.float32(0.5) * faces["au9"])
    nx, ny = nose_place(view, faces)
    bridge = ny - faces["eye_y"] - np.float32(0.08)
    nose_waves = np.square(np.sin((bridge - np.float32(0.35) * np.abs(nx)) * np.float32(np.pi / 0.075)))
    nose = nose_waves * blob(nx, bridge, 0.15, 0.17) * np.float32(0.75) * faces["au9"]
    bag = y - faces["eye_y"] - np.float32(0.10) + np.float32(0.25) * np.square(across - faces["eye_x"])
    under = line(bag, 0.028, view.pixel) * blob(across - faces["eye_x"], bag, 0.19, 0.2)
    under = under * np.clip(
        np.float32(0.45) * faces["au6"] + np.float32(0.35) * faces["au7"] + np.float32(0.15) * faces["age"], 0, 1
    )
    crease = y - faces["eye_y"] + np.float32(0.105) + np.float32(0.04) * faces["au5"]
    lid = line(crease + np.float32(1.2) * np.square(across - faces["eye_x"]), 0.02, view.pixel)
    lid = lid * blob(across - faces["eye_x"], crease, 0.18, 0.2) * np.float32(0.3)
    feet = np.square(
        np.sin(np.float32(np.pi / 0.07) * (y - faces["eye_y"] - np.float32(0.3) * (across - np.float32(0.46))))
    )
    feet = feet * blob(across - np.float32(0.50), y - faces["eye_y"], 0.10, 0.10) * np.float32(0.4) * faces["au6"]
    worn = np.float32(0.12) * faces["age"] * waves * blob(view.x, up, 0.5, 0.16)
    dark: Field = np.clip(forehead + frown + nose + under + lid + feet + worn, 0, 0.8)
    return dark


def _folds(view: View, faces: Faces) -> Field:
    """Return the folds from nose to mouth (AU12, AU9), the dimples (AU14), the droop of the corners (AU15), 0..0.75."""
    across, y = np.abs(view.x), view.y
    acting = np.where(view.x < 0, faces["left"], faces["right"])
    au12, au14 = faces["au12"] * acting, faces["au14"] * acting
    top, bottom = faces["nose_y"] - np.float32(0.06), faces["mouth_y"] + np.float32(0.02) - np.float32(0.09) * au12
    p = np.clip((y - top) / (bottom - top), 0, 1)
    reach = faces["mouth_width"] - np.float32(0.07) + np.float32(0.14) * au12
    path = np.float32(0.13) + reach * (p + np.float32(0.35) * au12 * p * (1 - p))
    ends = blob(np.zeros_like(y), y - (top + bottom) * np.float32(0.5), 1.0, (bottom - top) * np.float32(0.75))
    depth = np.float32(0.10) + np.float32(0.20) * faces["age"] + np.float32(0.45) * au12
    depth = depth + np.float32(0.40) * faces["au9"] * (1 - p)
    smile = line(across - path, 0.035, view.pixel) * ends * depth
    wide = faces["mouth_width"] + np.float32(0.075)
    dimple = blob(across - wide - np.float32(0.02), y - faces["mouth_y"] + np.float32(0.05), 0.05, 0.10)
    droop = line(across - wide + np.float32(0.01), 0.03, view.pixel)
    droop = droop * blob(across - wide, y - faces["mouth_y"] - np.float32(0.18), 0.3, 0.14) * np.float32(0.4)
    dark: Field = np.clip(smile + np.float32(0.55) * au14 * dimple + droop * faces["au15"], 0, 0.75)
    return dark
