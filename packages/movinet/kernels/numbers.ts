// The numbers of the activations, in memory: V8 makes a constant of four anew wherever it is used, with three instructions,
// and loads one with one.

const numbers = memory.data<f32>([
  0.5, 1, 2.5, 3, 6, -2.5, -3, 1.0 / 6.0, 0.2, 0.16667,
  -87, 88, 1.44269504088896341, -0.693359375, 2.12194440e-4,
  1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1,
]);

/** Four times the number of a place in the list. */
// @ts-ignore: decorator
@inline export function number(place: usize): v128 {
  return v128.load32_splat(numbers + (place << 2));
}

export const half: usize = 0;
export const one: usize = 1;
export const twoAndHalf: usize = 2;
export const three: usize = 3;
export const six: usize = 4;
export const minusTwoAndHalf: usize = 5;
export const minusThree: usize = 6;
export const sixth: usize = 7;
export const fifth: usize = 8;
export const aboutSixth: usize = 9;
/** Where exp stops. */
export const lowest: usize = 10;
export const highest: usize = 11;
export const log2e: usize = 12;
/** −ln 2 in two parts. */
export const ln2High: usize = 13;
export const ln2Low: usize = 14;
/** Of the polynomial of exp, the highest power first. */
export const coefficient: usize = 15;
