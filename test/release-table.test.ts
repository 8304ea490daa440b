/** The guide's table of Google's release: what was measured, and what was published for the same network. */
import { expect, test } from "vitest";
import { releaseTable } from "../scripts/release-table.ts";

const head =
  "machine,processor,load,variant,network,dtype,weights,input,macs,parameters,tfliteBytes,onnxBytes,litertMs,onnxruntimeMs,litertjsMs,movinetMs,wasmMs,clips,top1,top5";
const cpu = '"Some CPU, 2 cores","x64 family 1"';
const lines = [
  `${cpu},1.5,a0,release,float32,random,172x172,50696504,3765983,15029584,15038297,1.33,2.68,4.84,2.26,2.75,,,`,
  `${cpu},2.5,a0,relu6,float32,google,172x172,49685048,2750335,10954367,10959358,1.02,1.95,3.79,1.59,2.52,27,20,26`,
  `${cpu},2.5,a0,relu6,int8,google's file,172x172,49685048,2750335,3276048,,0.77,,3.11,,,27,21,25`,
  `${cpu},2.0,a1,relu6,int8,random,172x172,110526376,3784600,4359456,4207065,1.42,3.27,4.07,,,,,`,
];

test("each row has its sizes and times, answers only with weights, and published accuracy only of the same network", () => {
  const table = releaseTable([head, ...lines, ""].join("\n")).split("\n");
  expect(table.slice(2, 6)).toEqual([
    "| A0 | float32 | hard swish, SE | 172×172 | 51 M | 15 MB | 15 MB | 1.33 | 2.68 | 4.84 | 2.26 | 2.75 | no weights | 72.05 % |",
    "| A0 | float32 | ReLU6, no SE | 172×172 | 50 M | 11 MB | 11 MB | 1.02 | 1.95 | 3.79 | 1.59 | 2.52 | 20 of 27 |  |",
    "| A0 | int8 | ReLU6, no SE (Google's file) | 172×172 | 50 M | 3.28 MB |  | 0.77 |  | 3.11 |  |  | 21 of 27 | 65.00 % |",
    "| A1 | int8 | ReLU6, no SE | 172×172 | 111 M | 4.36 MB | 4.21 MB | 1.42 | 3.27 | 4.07 |  |  | no weights | 70.10 % |",
  ]);
  expect(table.at(-1)).toMatch(/^_Some CPU, 2 cores \(x64 family 1\), load 1\.5–2\.5; processor time/);
});
