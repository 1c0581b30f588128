"""Brows, eyes, nose and mouth: drawn from the traits of a face and moved by its action units."""

import numpy as np

from ferlab.data.synthetic.head import Faces, View, hair_colour, skin_shade
from ferlab.data.synthetic.shapes import Canvas, Field, band, blob, cover, line, paint, ramp
from ferlab.data.synthetic.traits import IRIS, tint


def brows(canvas: Canvas, view: View, faces: Faces, skin: np.ndarray) -> None:
    """Paint the brows: AU1 lifts their inner, AU2 their outer end, AU4 lowers them and draws them together."""
    inner = np.float32(0.105) - np.float32(0.045) * faces["au4"]
    p = (np.abs(view.x) - inner) / (np.float32(0.43) - inner)
    inside = np.clip(p, 0, 1)
    lift_inner = np.float32(0.125) * faces["au1"] - np.float32(0.115) * faces["au4"] * (
        1 - np.float32(0.8) * faces["au1"]
    )
    lift_outer = np.float32(0.115) * faces["au2"] - np.float32(0.05) * faces["au4"]
    arch = 4 * inside * (1 - inside)
    middle = (
        faces["brow_y"]
        - lift_inner * np.square(1 - inside)
        - lift_outer * (1 - np.square(1 - inside))
        - faces["brow_arch"] * arch
        + faces["brow_slope"] * inside
    )
    half = faces["brow_thick"] * (np.float32(1.15) - np.float32(0.65) * inside)
    ends = cover((np.abs(p - np.float32(0.5)) - np.float32(0.5)) * np.float32(0.33), view.pixel)
    mask = band(view.y, middle - half, middle + half, view.pixel) * ends * faces["brow_dark"]
    hair = hair_colour(faces, skin.shape[1] == 1) * np.float32(0.75)
    paint(canvas, mask, np.minimum(hair, skin * np.float32(0.5)))


def eyes(canvas: Canvas, view: View, faces: Faces, grey: bool) -> None:
    """Paint the eyes: AU5 opens the upper lid, AU7 tightens both, AU6 pushes the lower lid up."""
    side = np.sign(view.x)
    t = (np.abs(view.x) - faces["eye_x"]) / faces["eye_width"]
    hump = np.maximum(1 - t * t, 0)
    level = faces["eye_y"] + faces["eye_tilt"] * t
    upper = faces["eye_open"] * (
        1 - np.float32(0.28) * faces["au7"] - np.float32(0.15) * faces["au4"] - 0.1 * faces["au6"]
    )
    upper = np.maximum(upper + np.float32(0.066) * faces["au5"] - np.float32(0.012) * faces["au9"], 0.012)
    lower = (
        np.float32(0.7) * faces["eye_open"] * (1 - np.float32(0.75) * faces["au7"] - np.float32(1.25) * faces["au6"])
    )
    lower = lower - np.float32(0.012) * faces["au9"]
    lid, under = level - upper * hump, level + lower * hump
    white = band(view.y, lid, under, view.pixel) * cover((np.abs(t) - 1) * faces["eye_width"], view.pixel)
    paint(canvas, white, np.float32(0.90))
    dx = np.abs(view.x) - faces["eye_x"] - faces["gaze"] * side
    dy = view.y - faces["eye_y"] + np.float32(0.008)
    radius = np.sqrt(dx * dx + dy * dy)
    paint(canvas, white * cover(radius - np.float32(0.068), view.pixel), tint(IRIS, faces["iris"], grey))
    paint(canvas, white * cover(radius - np.float32(0.032), view.pixel), np.float32(0.03))
    glint = blob(dx - np.float32(0.02) * side, dy + np.float32(0.025), 0.03, 0.03)
    paint(canvas, white * glint * np.float32(0.8), 1.0)
    reach = cover((np.abs(t) - np.float32(1.08)) * faces["eye_width"], view.pixel)
    paint(canvas, line(view.y - lid, 0.024, view.pixel) * reach, np.float32(0.06))
    paint(canvas, line(view.y - under, 0.012, view.pixel) * reach * np.float32(0.5), np.float32(0.15))


def nose_place(view: View, faces: Faces) -> tuple[Field, Field]:
    """Return face coordinates for the nose, which stands out and so moves further when the head turns."""
    out = ramp(view.y, faces["eye_y"], faces["nose_y"])
    return view.x - np.float32(0.16) * np.sin(faces["yaw"]) * out, view.y - np.float32(0.10) * np.sin(faces["pitch"])


def nose(canvas: Canvas, view: View, faces: Faces, skin: np.ndarray) -> None:
    """Paint the nostrils and wings; AU9 pulls them up."""
    x, y = nose_place(view, faces)
    dy = y - faces["nose_y"] + np.float32(0.055) * faces["au9"]
    wide = faces["nose_width"] * (1 + np.float32(0.2) * faces["au9"] + np.float32(0.08) * faces["au12"] * faces["both"])
    holes = blob(np.abs(x) - wide * np.float32(0.48), dy - np.float32(0.015), 0.065, 0.038)
    paint(canvas, holes * np.float32(0.9), skin_shade(faces, skin, 0.28))
    radius = np.sqrt(np.square(np.abs(x) - wide * np.float32(0.72)) + np.square(dy + np.float32(0.035)))
    wing = line(radius - np.float32(0.055), 0.02, view.pixel) * ramp(np.abs(x), wide * 0.7, wide)
    paint(canvas, wing * np.float32(0.45), skin_shade(faces, skin, 0.5))


def mouth(canvas: Canvas, view: View, faces: Faces, skin: np.ndarray) -> None:
    """Paint lips, teeth and the dark between them.

    AU12 pulls the corners up and out, AU15 down, AU14 in and up, AU20 apart; AU16 pulls the lower lip down, AU23
    presses the lips thin, AU25 parts them, AU26 drops the jaw; AU9 lifts the upper lip.
    """
    left = view.x < 0
    acting = np.where(left, faces["left"], faces["right"])
    au12, au14 = faces["au12"] * acting, faces["au14"] * acting
    # what both corners do together; a one-sided pull leaves the middle of the mouth alone
    smile = faces["au12"] * faces["both"]
    drop = faces["au26"] * (1 - np.float32(0.45) * faces["au20"])
    narrow = np.float32(0.30) * drop * (1 - faces["au20"]) * (1 - smile)
    wide = faces["mouth_width"] * (1 - narrow - np.float32(0.25) * faces["au23"] + np.float32(0.38) * faces["au20"])
    wide = wide + np.float32(0.105) * au12 + np.float32(0.03) * au14
    t = view.x / wide
    t2 = np.minimum(t * t, 1)
    corner = faces["rest_corner"] - np.float32(0.185) * au12 - np.float32(0.05) * au14
    corner = corner + np.float32(0.145) * faces["au15"]
    part = faces["au25"] * (1 + np.float32(0.6) * smile - np.float32(0.7) * faces["au23"])
    # the corners follow an opening mouth half-way down
    corner = corner + np.float32(0.07) * drop + np.float32(0.03) * part * (1 - smile)
    corner = corner + np.float32(0.055) * faces["au20"]
    # both halves meet at the middle, so a one-sided pull slants the mouth without a break
    middle = faces["mouth_y"] + corner * t2 + np.float32(0.03) * (smile * (1 - t2) - faces["au15"] * (1 - t2))
    hump = 1 - t2
    # a stretched mouth opens as a slot, a slack one round
    boxy = np.float32(0.65) + np.float32(0.35) * faces["au20"]
    full = np.sqrt(hump) * boxy + hump * (1 - boxy)
    raise_upper = (
        np.float32(0.055) * faces["au9"]
        + np.float32(0.03) * part
        + np.float32(0.10) * drop * (1 - np.float32(0.6) * faces["au20"])
    )
    pull_lower = np.float32(0.085) * faces["au16"] + np.float32(0.06) * part + np.float32(0.25) * drop
    pull_lower = pull_lower + np.float32(0.05) * faces["au20"]
    top, bottom = middle - raise_upper * full, middle + pull_lower * full
    thin = 1 - np.float32(0.72) * faces["au23"] - np.float32(0.30) * faces["au20"] - np.float32(0.2) * smile
    bow = 1 - np.float32(0.25) * np.maximum(1 - np.square(t / np.float32(0.18)), 0)
    lip_top, lip_bottom = top - faces["lip_upper"] * thin * full * bow, bottom + faces["lip_lower"] * thin * full
    ends = cover(np.abs(view.x) - wide, view.pixel)
    red = skin_shade(faces, skin, 0.62) * faces["lip_red"][:, None] + skin * np.float32(0.9) * (
        1 - faces["lip_red"][:, None]
    )
    if red.shape[1] == 3:
        red = red * np.array([1.08, 0.80, 0.82], dtype=np.float32)[:, None, None]
    paint(canvas, band(view.y, lip_top, lip_bottom, view.pixel) * ends, red)
    hole = band(view.y, top, bottom, view.pixel) * ends
    paint(canvas, hole, np.float32(0.10))
    upper_teeth = band(view.y, top, np.minimum(top + np.float32(0.075) * full, bottom), view.pixel) * (1 - 0.5 * drop)
    paint(canvas, upper_teeth * hole * ramp(faces["teeth"], 0.1, 0.3), np.float32(0.86))
    lower_teeth = band(view.y, np.maximum(bottom - np.float32(0.06) * full, top), bottom, view.pixel)
    paint(canvas, lower_teeth * hole * np.maximum(faces["au16"], 0.4 * faces["au20"]), np.float32(0.80))
    seam = line(view.y - (top + bottom) * np.float32(0.5), 0.020, view.pixel) * (1 - hole) * ends
    paint(canvas, seam * np.float32(0.85), skin_shade(faces, skin, 0.25))
    pits = blob(np.abs(view.x) - wide, view.y - faces["mouth_y"] - corner, 0.045, 0.05)
    tight = np.float32(0.35) + np.float32(0.35) * au14 + np.float32(0.2) * au12 + np.float32(0.2) * faces["au15"]
    paint(canvas, pits * tight, skin_shade(faces, skin, 0.35))
