"""What others call our shapes. Names are in the words of `names.words`: lower case, singular, without their side.

Collected from public documentation and code: ARKit, Live Link Face, Faceit, Ready Player Me, Oculus LipSync, VRChat,
VRM and VRoid, MMD, Reallusion Character Creator 3 and 4, Daz Genesis 3 to 9, MetaHuman, Microsoft Rocketbox, Mixamo
Fuse, MB-Lab, Meta face tracking, VIVE SRanipal, FACS, Rhubarb.
"""

from collections.abc import Mapping
from typing import Final

Recipe = Mapping[str, float]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _lines(text: str) -> dict[str, tuple[str, ...]]:
    """Lines such as `name: this, that` as name -> (this, that); an indented line goes on."""
    rows = (row.partition(":") for row in text.replace("\n    ", " ").strip().splitlines())
    return {name: tuple(part.strip() for part in rest.split(",")) for name, _, rest in rows}


NOISE: Final = _words(
    """blend blends shape shapes blendshape blendshapes bs morph morphs morpher target key mesh head face facial fcl fac
    ctrl expressions expression exp facs jnt wolf genesis male female cc base game body ak arkit vrc lod avatar model
    node geo geometry max div act def f m a s d e t o au action unit hb"""
)
"""Words that say nothing when others are there."""

OPPOSITE: Final = _words("min neg negative not no neutral reset rest default size thin thick hide")
"""Words that make a name mean something else than the rest of it says."""

MARKS: Final = _words("viseme visemes vi v mth mouth phoneme vowel vis vsm lipsync say sound")
"""Words after which a sound is named: `viseme_aa`, `VIS_Ah`, `AA_VI_10_aa`."""

PHONES: Final = _lines(
    """
PP: pp, bmp, mbp, pbm, mpb, bpm, p, b, m
FF: ff, fv, vf, f, v
TH: th, dh
DD: dd, tldn, dtnl, ldtn, td, dt, t, d, l
kk: kk, kghng, kg, gk, k, g
CH: ch, chj, chjsh, chshj, shch, chjshzh, sh, jh, j
SS: ss, sz, zs, s, z
nn: nn, n, ん, tldn, nl, ln, l, ng
RR: rr, r, er
aa: aa, ah, a, あ, ai, large, ae, ao
E: e, eh, ae, ey, え, ee, medium
I: i, iy, ih, い, ee, small
O: o, oh, ow, お, ao
U: u, ou, uw, oo, woo, w, wq, う, uh
"""
)
"""Our visemes, and the sounds that others name them by, best first. `ee` is the E of VRM (aa ih ou ee oh), which has an
`ih` for I; elsewhere it is an I."""

SOUNDS: Final = frozenset(sound for sounds in PHONES.values() for sound in sounds) | {"sil"}

RHUBARB: Final[Mapping[str, Recipe]] = {
    "PP": {"a": 1}, "FF": {"g": 1}, "TH": {"h": 0.8}, "DD": {"h": 0.7}, "kk": {"b": 1}, "CH": {"f": 0.7},
    "SS": {"b": 1}, "nn": {"h": 0.6}, "RR": {"f": 0.6}, "aa": {"d": 1}, "E": {"c": 1}, "I": {"b": 1}, "O": {"e": 1},
    "U": {"f": 1},
}  # fmt: skip
"""The mouths A to H of Rhubarb and of hand-drawn animation, where letters are no sounds."""

CC3: Final[Mapping[str, Recipe]] = {
    "PP": {"explosive": 1}, "FF": {"dentallip": 1}, "TH": {"lipopen": 0.6, "open": 0.15},
    "DD": {"lipopen": 0.7, "open": 0.1}, "kk": {"lipopen": 0.6, "open": 0.2}, "CH": {"affricate": 0.9},
    "SS": {"tight": 0.4, "lipopen": 0.5}, "nn": {"lipopen": 0.6, "open": 0.1}, "RR": {"tighto": 0.5, "lipopen": 0.3},
    "aa": {"open": 1}, "E": {"wide": 0.7, "open": 0.4}, "I": {"wide": 0.9, "open": 0.15},
    "O": {"tighto": 0.8, "open": 0.35}, "U": {"tighto": 1},
}  # fmt: skip
"""Character Creator 3 and 4 draw eight lip shapes, which mix: V_Open, V_Explosive, V_Tight_O, …"""

PHRASES: Final = _lines(
    """
eyeBlink: eye blink, blink, eye close, lid close, eye shut, au 45, au 43, まばたき, ウィンク, ウィンク 2, eye def c
eyeWide: eye wide, eye wide open, upper lid raise, lid raise, eye upper lid up, eye spread, eye surprised, au 5,
    びっくり
eyeSquint: eye squint, squint, squint inner, eye squint inner, lid tight, eye narrow, au 7, じと目, ジト目
eyeLookUp: eye look up, look up, eye up
eyeLookDown: eye look down, look down, eye down
eyeLookIn: eye look in, look in, eye in
eyeLookOut: eye look out, look out, eye out
browInnerUp: brow inner up, brow raise inner, brow raise in, brow in up, brow up, brow raise, au 1, brow sorrow, 困る
browOuterUp: brow outer up, brow raise outer, brow raise out, brow out up, brow out vert, brow up, brow raise, au 2,
    brow surprised, 上
browDown: brow down, brow drop, brow lower, brow compress, brow outer lower, brow squeeze, au 4, brow angry, 怒り, 下
cheekPuff: cheek puff, mouth cheek puff, puff, au 34, mouth puff
cheekSquint: cheek squint, cheek raise, eye cheek raise, au 6, cheek sneer
noseSneer: nose sneer, nose wrinkle, sneer, au 9
jawOpen: jaw open, jaw drop, mouth open, jaw down, mouth open large, merged open mouth, mouth wide open, lip open,
    lip part, au 26, au 27, au 25, talk, mouth move, open
jawForward: jaw forward, jaw out, au 29
jawLeft: jaw left, jaw sideways left, jaw rotate y left
jawRight: jaw right, jaw sideways right, jaw rotate y right
mouthClose: mouth close, mouth close lower + mouth close upper, mouth ape shape
mouthFunnel: mouth funnel, mouth funnel up + mouth funnel down, mouth funnel upper + mouth funnel lower,
    mouth funnel ul + mouth funnel ur + mouth funnel dl + mouth funnel dr,
    lip funnel lb + lip funnel lt + lip funnel rb + lip funnel rt, lip funnel lower + lip funnel upper, lip funnel,
    funnel, lower lip out + upper lip out, mouth open o, au 22
mouthPucker: mouth pucker, mouth pucker up + mouth pucker down, mouth pucker upper + mouth pucker lower,
    mouth lip pucker ul + mouth lip pucker ur + mouth lip pucker dl + mouth lip pucker dr, lip pucker,
    lip pucker upper + lip pucker lower, pucker, mouth pout, pout, kiss, mouth narrow, mouth whistle, mouth small,
    whistle, au 18, すぼめ
mouthLeft: mouth left
mouthRight: mouth right
mouthRollLower: mouth roll lower, mouth roll in lower, lip roll lower, lower lip in, lip suck lb + lip suck rb,
    lip suck lower, mouth lower inside, mouth lower lip bite, mouth lower lip roll in
mouthRollUpper: mouth roll upper, mouth roll in upper, lip roll upper, upper lip in, lip suck lt + lip suck rt,
    lip suck upper, mouth upper inside, mouth upper lip bite, mouth upper lip roll in
mouthShrugLower: mouth shrug lower, chin raise, chin raise b, jaw chin raise d, mouth chin up, chin raise lower,
    au 17
mouthShrugUpper: mouth shrug upper, chin raise t, jaw chin raise u, chin raise upper
mouthSmile: mouth smile, smile, mouth corner pull, lip corner pull, mouth smile simple, mouth corner up, au 12,
    mouth fun, 口角上げ, にやり, にっこり
mouthFrown: mouth frown, frown, mouth corner depress, lip corner depress, mouth sad, mouth corner down, au 15,
    mouth sorrow, 口角下げ
mouthDimple: mouth dimple, dimple, au 14
mouthStretch: mouth stretch, lip stretch, stretch, mouth wide, midmouth, au 20, 口横広げ
mouthPress: mouth press, lip press, press, mouth press upper + mouth press lower, mouth lip press,
    lip tight, au 24
mouthUpperUp: mouth upper up, mouth up upper, mouth upper lip raise, upper lip raise,
    upper lip up, au 10
mouthLowerDown: mouth lower down, mouth down lower, mouth lower lip depress, lower lip depress,
    lower lip down, au 16
tongueOut: tongue out, tongue show, tongue, tongue forward, ぺろっ, べろっ
"""
)
"""For each shape alternatives, best first; what belongs together is joined by +. The order of words does not matter."""

LOOKS: Final[Mapping[tuple[str, str], str]] = {
    ("Left", "Left"): "eyeLookOutLeft",
    ("Left", "Right"): "eyeLookInRight",
    ("Right", "Left"): "eyeLookInLeft",
    ("Right", "Right"): "eyeLookOutRight",
}
"""Where a look goes, and which eye looks: which of our shapes that is."""
