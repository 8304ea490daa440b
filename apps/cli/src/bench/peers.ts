import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Command, Ready } from "./runner.ts";

export const peerNames = ["litert", "pytorch", "onnxruntime-plain"] as const;
export type PeerName = (typeof peerNames)[number];

export interface PeerRequest {
  readonly model: string;
  readonly ready: Ready;
  readonly threads: number;
  /** Folder of the PyTorch port. */
  readonly checkout: string | undefined;
}

/** How to start a peer on the same work, or why that cannot be. */
export function peerCommand(peer: PeerName, { model, ready, threads, checkout }: PeerRequest): Command | string {
  const folder = new URL("../../../../bench/peers/", import.meta.url);
  const script = (name: string) => fileURLToPath(new URL(name, folder));
  if (!existsSync(folder)) return "the scripts of the peers come with the repository, not with the package";
  if (ready.mode !== "stream") return "only stream models are compared";
  const python = process.env["MOVINET_PYTHON"] ?? "python3";
  switch (peer) {
    case "litert":
      if (!model.endsWith(".tflite")) return "LiteRT needs a .tflite file";
      return { program: python, args: [script("litert.py"), model, String(threads)] };
    case "pytorch": {
      if (checkout === undefined) return "name a checkout of github.com/Atze00/MoViNet-pytorch with --checkout";
      const { variant, resolution } = ready;
      const args = [checkout, String(variant), String(resolution?.height), String(threads)];
      return { program: python, args: [script("pytorch.py"), ...args] };
    }
    case "onnxruntime-plain":
      return { program: process.execPath, args: [script("onnxruntime-plain.ts"), model, String(threads)] };
  }
}
