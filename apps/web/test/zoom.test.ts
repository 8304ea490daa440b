/** Which part of the last half minute the curve shows. */
import { expect, test } from "vitest";
import { edgesOf, marksOf, movedView, wholeView, zoomedView } from "../src/logic/zoom.ts";

test("everything is the last half minute, and follows", () => {
  expect(edgesOf(wholeView, 100)).toEqual([70, 100]);
  expect(edgesOf(wholeView, 101)).toEqual([71, 101]);
  expect(zoomedView(wholeView, 100, 0.5, 0.3)).toEqual(wholeView);
  expect(movedView(wholeView, 100, -5)).toEqual(wholeView);
});

test("magnified at its right edge it still follows; elsewhere that point stays where it is", () => {
  const last = zoomedView(wholeView, 100, 3, 1);
  expect(last).toEqual({ span: 10, end: null });
  expect(edgesOf(last, 104)).toEqual([94, 104]);
  const middle = zoomedView(wholeView, 100, 3, 0.5);
  expect(middle).toEqual({ span: 10, end: 90 });
  // It stays, as long as it is not too old.
  expect(edgesOf(middle, 104)).toEqual([80, 90]);
  expect(edgesOf(middle, 115)).toEqual([85, 95]);
});

test("moves within the last half minute, and follows again at the newest moment", () => {
  const view = { span: 10, end: 90 };
  expect(movedView(view, 100, -4)).toEqual({ span: 10, end: 86 });
  expect(movedView(view, 100, -50)).toEqual({ span: 10, end: 80 });
  expect(movedView(view, 100, 50)).toEqual({ span: 10, end: null });
  // Nothing is before the beginning.
  expect(movedView({ span: 8, end: null }, 3, -2)).toEqual({ span: 8, end: null });
  expect(edgesOf(movedView({ span: 8, end: null }, 9, -2), 9)).toEqual([0, 8]);
});

test("two seconds are the shortest, half a minute the longest", () => {
  expect(zoomedView(wholeView, 100, 1000, 1).span).toBe(2);
  expect(zoomedView({ span: 4, end: 80 }, 100, 0.01, 0.5)).toEqual(wholeView);
});

test("marks: from now on backwards, or at whole seconds where it stands still", () => {
  expect(marksOf(wholeView, 100.5)).toEqual([70.5, 80.5, 90.5, 100.5]);
  expect(marksOf({ span: 10, end: null }, 100.5)).toEqual([90.5, 92.5, 94.5, 96.5, 98.5, 100.5]);
  expect(marksOf({ span: 10, end: 90.5 }, 100)).toEqual([82, 84, 86, 88, 90]);
  expect(marksOf({ span: 2, end: 90.5 }, 100)).toEqual([89, 90]);
});
