export { formatAddress, parseAddress } from './addresses.ts';
export { createCaptureReader, readCapture, type CaptureReader, type Truncation } from './reader.ts';
export { createCaptureScanner, type CaptureScanner, type ScannedPacket, type ScanVisitor } from './captureScanner.ts';
export { podLimits } from './readLimits.ts';
export { mergeFiles, type CaptureSource, type MergeOptions } from './mergeFiles.ts';
export {
  createLiveMerge,
  type LiveCounts,
  type LiveMerge,
  type LiveMergeOptions,
  type LiveSource,
} from './liveMerge.ts';
export { createCaptureCutter, type CaptureCutter, type CutCounts, type TimeWindow } from './cut.ts';
export type { InterfaceLabel, Labeller } from './interfaceTable.ts';
export type { CaptureInterface, CaptureNames, CapturePacket, CaptureRecord } from './records.ts';
export { readNames, type AddressName } from './nameRecords.ts';
export { toNanoseconds } from './resolution.ts';
export type { Naming } from './writeNames.ts';
export { addressKey, addressOfKey, packetAddresses, type AddressKey } from './packetAddresses.ts';
