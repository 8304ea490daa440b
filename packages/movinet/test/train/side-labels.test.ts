import { expect, test } from "vitest";
import { cameraMotionLabels } from "../../src/synth/camera.ts";
import { sideLabels } from "../../src/train/side-labels.ts";

test.each([
  ...[
    "left",
    "right",
    "pick left hand",
    "turn_left",
    "swipe-Right",
    "leftHand",
    "LEFT",
    "LEFTHand",
    "turn.left.2",
    "left2right",
  ],
  ...[
    "leftward",
    "Rightwards",
    "lefthanded",
    "roll clockwise",
    "roll anticlockwise",
    "Counter-Clockwise",
    "spin CCW",
    "cw",
  ],
  ...[
    "east",
    "go west",
    "westbound",
    "north-west",
    "northeast",
    "nach links",
    "Rechts",
    "linke Hand",
    "linksaf",
    "im Uhrzeigersinn",
  ],
  ...[
    "à gauche",
    "main droite",
    "bras droit",
    "mano izquierda",
    "giro_derecho",
    "mão esquerda",
    "direita",
    "sinistra",
    "piede destro",
  ],
  ...[
    "w lewo",
    "prawa ręka",
    "влево",
    "правая рука",
    "налево",
    "поворот направо",
    "по часовой",
    "sağ el",
    "दाएं मुड़ें",
    "बायाँ",
  ],
  ...[
    "向左转",
    "右手",
    "顺时针",
    "逆時針",
    "反時計回り",
    "왼쪽",
    "오른손",
    "좌회전",
    "시계 방향",
    "إلى اليسار",
    "يمين",
  ],
])("%s names a side", (label) => {
  expect(sideLabels(["jump", label])).toEqual([label]);
  expect(sideLabels(["jump", label.normalize("NFD")])).toHaveLength(1);
});

test.each([
  ...[
    "leftover",
    "bright",
    "copyright",
    "upright row",
    "cleft",
    "frighten",
    "playwright",
    "eastern",
    "feast",
    "western",
    "rightly",
  ],
  ...[
    "jump",
    "L",
    "hand_l",
    "linkage",
    "rechtsanwalt",
    "gaucher",
    "destroy",
    "law",
    "правило",
    "левша",
    "лев",
    "東京",
    "西瓜",
    "ост",
    "2",
  ],
  ...["clock", "wise", "sinister", "direct", "sol", ""],
])("%s names none", (label) => {
  expect(sideLabels(["jump", label])).toEqual([]);
});

test("two labels that differ in a side alone name one, whatever it is part of", () => {
  expect(sideLabels(["swipeleft", "swiperight", "swipeup"])).toEqual(["swipeleft", "swiperight"]);
  expect(sideLabels(["hand_l", "jump", "hand_r", "foot_r"])).toEqual(["hand_l", "hand_r"]);
  expect(sideLabels(["kickL", "kickR"])).toEqual(["kickL", "kickR"]);
  expect(sideLabels(["Linkskurve", "Rechtskurve", "Kurve"])).toEqual(["Linkskurve", "Rechtskurve"]);
  expect(sideLabels(["bright", "dark", "fight", "light"])).toEqual([]);
  expect(sideLabels(["hand_l", "hand l", "Hand L"])).toEqual([]); // one name, written three ways
  expect(sideLabels(["dance", "dance *"])).toEqual([]);
});

test("of camera-motion the pans and rolls", () => {
  expect(sideLabels(cameraMotionLabels)).toEqual(["pan left", "pan right", "roll clockwise", "roll anticlockwise"]);
  expect(sideLabels([])).toEqual([]);
});
