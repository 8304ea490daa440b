export { multiply, multiplyTransposed, pack, packTransposed, windows, windowsBack } from "./matrix";
export { depthwise, depthwiseInput, depthwiseKernel } from "./depthwise";
export { activation, activationInput, add, affine, combine, copyRows, gate, product, scale, scaleChannels, scaleRows } from "./pointwise";
export { affineInput, averagePool, averagePoolInput, channelSums, dot, moments, pictureSums, spread } from "./reduce";
