import {
  AV_PKT_DATA_DOVI_CONF,
  AVCOL_PRI_BT2020,
  AVCOL_PRI_SMPTE431,
  AVCOL_PRI_SMPTE432,
  AVCOL_PRI_UNSPECIFIED,
  AVCOL_RANGE_JPEG,
  AVCOL_RANGE_UNSPECIFIED,
  AVCOL_SPC_BT709,
  AVCOL_SPC_BT2020_CL,
  AVCOL_SPC_BT2020_NCL,
  AVCOL_SPC_CHROMA_DERIVED_CL,
  AVCOL_SPC_CHROMA_DERIVED_NCL,
  AVCOL_SPC_ICTCP,
  AVCOL_SPC_IPT_C2,
  AVCOL_SPC_RESERVED,
  AVCOL_SPC_SMPTE170M,
  AVCOL_SPC_SMPTE2085,
  AVCOL_SPC_UNSPECIFIED,
  AVCOL_SPC_YCGCO,
  AVCOL_SPC_YCGCO_RE,
  AVCOL_SPC_YCGCO_RO,
  AVCOL_TRC_ARIB_STD_B67,
  AVCOL_TRC_SMPTE2084,
  AVCOL_TRC_UNSPECIFIED,
} from "node-av/constants";
import type { Frame as AVFrame, CodecParameters, Stream } from "node-av/lib";
import type { Gamut, PictureColour, Transfer } from "./colour.ts";
import { Fail } from "./decoder-output.node.ts";

/** The value of white in swscale's 16 bits. */
const limitedWhite = 255 << 8;
const fullWhite = 65535;

/** Dolby Vision profiles without a compatible base layer. */
const dolbyAlone = [5, 10];
/** Colour encodings without a matrix, by FFmpeg's numbers. */
const unknownMatrices = new Map<number, string>([
  [AVCOL_SPC_YCGCO, "YCgCo"],
  [AVCOL_SPC_SMPTE2085, "YDzDx"],
  [AVCOL_SPC_ICTCP, "ICtCp"],
  [AVCOL_SPC_IPT_C2, "IPT (Dolby Vision)"],
  [AVCOL_SPC_YCGCO_RE, "YCgCo-R"],
  [AVCOL_SPC_YCGCO_RO, "YCgCo-R"],
]);

/** The meaning of a stream's colours. */
export class Colours {
  readonly #parameters: CodecParameters;
  readonly #dolbyProfile: number | null;

  constructor({ codecpar }: Stream) {
    this.#parameters = codecpar;
    // Version, minor, profile, level, three flags, compatibility with other displays (0: none).
    const dolby = codecpar.getCodedSideData(AV_PKT_DATA_DOVI_CONF);
    const [, , profile = 0, , , , , compatible] = dolby ?? [];
    this.#dolbyProfile = compatible === 0 && dolbyAlone.includes(profile) ? profile : null;
  }

  /**
   * Tags a picture with its container's colours if its codec has none, and with what players assume. Throws
   * {@link Fail} if they cannot be converted to RGB.
   */
  tag(picture: AVFrame): PictureColour {
    if (this.#dolbyProfile !== null) {
      throw new Fail("noFrames", `its colours need Dolby Vision, profile ${this.#dolbyProfile}`);
    }
    const { colorRange, colorPrimaries, colorTrc, colorSpace } = this.#parameters;
    if (picture.colorRange === AVCOL_RANGE_UNSPECIFIED) picture.colorRange = colorRange;
    if (picture.colorPrimaries === AVCOL_PRI_UNSPECIFIED) picture.colorPrimaries = colorPrimaries;
    if (picture.colorTrc === AVCOL_TRC_UNSPECIFIED) picture.colorTrc = colorTrc;
    if (picture.colorSpace === AVCOL_SPC_UNSPECIFIED) picture.colorSpace = colorSpace;
    const transfer = transferOf(picture);
    const gamut = gamutOf(picture, transfer);
    const unknown = unknownMatrices.get(picture.colorSpace);
    if (unknown !== undefined)
      throw new Fail("noFrames", `its colours are stored as ${unknown}, which is not supported`);
    picture.colorSpace = matrixOf(picture, gamut);
    return { transfer, gamut, white: picture.colorRange === AVCOL_RANGE_JPEG ? fullWhite : limitedWhite };
  }
}

function transferOf({ colorTrc }: AVFrame): Transfer {
  if (colorTrc === AVCOL_TRC_SMPTE2084) return "pq";
  return colorTrc === AVCOL_TRC_ARIB_STD_B67 ? "hlg" : "sdr";
}

function gamutOf({ colorPrimaries }: AVFrame, transfer: Transfer): Gamut {
  if (colorPrimaries === AVCOL_PRI_BT2020) return "bt2020";
  if (colorPrimaries === AVCOL_PRI_SMPTE432 || colorPrimaries === AVCOL_PRI_SMPTE431) return "p3";
  return colorPrimaries === AVCOL_PRI_UNSPECIFIED && transfer !== "sdr" ? "bt2020" : "bt709";
}

/** The matrix to RGB, among those that swscale supports. */
function matrixOf({ colorSpace, height }: AVFrame, gamut: Gamut): AVFrame["colorSpace"] {
  const usual = gamut === "bt2020" ? AVCOL_SPC_BT2020_NCL : height < 720 ? AVCOL_SPC_SMPTE170M : AVCOL_SPC_BT709;
  switch (colorSpace) {
    case AVCOL_SPC_UNSPECIFIED:
    case AVCOL_SPC_RESERVED:
      return usual;
    case AVCOL_SPC_CHROMA_DERIVED_NCL:
    case AVCOL_SPC_CHROMA_DERIVED_CL:
      return gamut === "bt2020" ? AVCOL_SPC_BT2020_NCL : AVCOL_SPC_BT709;
    // Constant luminance computes chroma differently; this is close.
    case AVCOL_SPC_BT2020_CL:
      return AVCOL_SPC_BT2020_NCL;
    default:
      return colorSpace;
  }
}
