/**
 * A program for Windows without its signature, which is not valid any more once the program is changed: Windows says of
 * an invalid one more than of none.
 * @throws Error for a file of another kind, or one with something after the signature.
 */
export function withoutCertificate(program: Buffer): Buffer {
  const header = program.readUInt32LE(60);
  // 0x20b: the optional header of 64 bits, whose directories begin after 112 bytes; the signature's is the fifth.
  if (program.toString('latin1', header, header + 4) !== 'PE\0\0' || program.readUInt16LE(header + 24) !== 0x2_0b)
    throw new Error('no program of 64 bits for Windows');
  const directory = header + 24 + 112 + 4 * 8;
  const [start, size] = [program.readUInt32LE(directory), program.readUInt32LE(directory + 4)];
  if (size === 0) return program;
  if (start + size !== program.length) throw new Error('the signature is not at the end');
  program.fill(0, directory, directory + 8);
  return program.subarray(0, start);
}
