import { codedError } from '../../errors.ts';
import { shell } from '../../shell.ts';

/** The encoding of a file. */
export type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be';

/** How many bytes {@link encodingOf} needs. */
export const headLength = 32;

/** The first bytes of encrypted files, and the program that encrypts them. */
const sealed: readonly (readonly [string, string])[] = [
  ['$ANSIBLE_VAULT;', 'ansible-vault'],
  ['\0GITCRYPT\0', 'git-crypt'],
  ['age-encryption.org/', 'age'],
  ['-----BEGIN AGE ENCRYPTED FILE-----', 'age'],
  ['-----BEGIN PGP MESSAGE-----', 'PGP'],
];

/**
 * The encoding of a file by its first bytes: UTF-8, or UTF-16 with a byte order mark, which kubectl reads too
 * (cli-runtime, pkg/resource/visitor.go).
 * @throws FILE_UNREADABLE for an encoding that kubectl does not read either, MANIFEST_SEALED for a file that is
 * encrypted
 */
export function encodingOf(head: Buffer, file: string): Encoding {
  const start = head.toString('latin1');
  const sealer = sealed.find(([text]) => start.startsWith(text.slice(0, headLength)))?.[1];
  if (sealer !== undefined) throw codedError('MANIFEST_SEALED', `the file is encrypted by ${sealer}`, { where: file });
  if (start.startsWith('\xff\xfe\0\0') || start.startsWith('\0\0\xfe\xff')) throw unread('UTF-32', 'UTF-32', file);
  if (start.startsWith('\xff\xfe')) return 'utf-16le';
  if (start.startsWith('\xfe\xff')) return 'utf-16be';
  // Every manifest begins with ASCII characters, and in UTF-16 one of the two bytes of each is zero.
  if (/^[^\0]\0[^\0]\0/.test(start)) throw unread('UTF-16 without a byte order mark', 'UTF-16LE', file);
  if (/^\0[^\0]\0[^\0]/.test(start)) throw unread('UTF-16 without a byte order mark', 'UTF-16BE', file);
  return 'utf-8';
}

function unread(encoding: string, name: string, file: string): Error {
  return codedError('FILE_UNREADABLE', `the file is encoded as ${encoding}`, {
    where: file,
    hint: convert(name, file),
  });
}

function convert(from: string, file: string): string {
  return `It cannot be read here or by kubectl. Convert it: ${commandLine(from, file)}`;
}

function commandLine(from: string, file: string): string {
  return file === '-' ? shell`iconv -f ${from} -t UTF-8` : shell`iconv -f ${from} -t UTF-8 ${file}`;
}

/**
 * A decoder for pieces of a file; a piece may end within a character. Invalid bytes are an error, because they would
 * not be written as they were read. A byte order mark stays in the text.
 * @throws FILE_UNREADABLE, with the line
 */
export function createDecoder(encoding: Encoding, file: string): { decode(bytes?: Buffer): string } {
  const decoder = new TextDecoder(encoding, { fatal: true, ignoreBOM: true });
  let lines = 1;
  return {
    decode(bytes) {
      try {
        const text = bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true });
        lines += linesIn(text);
        return text;
      } catch (cause) {
        const [before = ''] = new TextDecoder(encoding).decode(bytes).split('\uFFFD');
        const name = encoding === 'utf-8' ? 'UTF-8' : 'UTF-16';
        throw codedError('FILE_UNREADABLE', `line ${lines + linesIn(before)} has bytes that are not ${name}`, {
          where: file,
          hint: `They could not be written unchanged. Convert the file, for example: ${commandLine('WINDOWS-1252', file)}`,
          cause,
        });
      }
    },
  };
}

function linesIn(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}

/** The inverse of {@link createDecoder}. */
export function encode(text: string, encoding: Encoding): Buffer {
  if (encoding === 'utf-8') return Buffer.from(text);
  const bytes = Buffer.from(text, 'utf16le');
  return encoding === 'utf-16be' ? bytes.swap16() : bytes;
}

/** A small file as text, without a byte order mark. */
export function decodeText(bytes: Buffer, file: string): string {
  const decoder = createDecoder(encodingOf(bytes.subarray(0, headLength), file), file);
  return (decoder.decode(bytes) + decoder.decode()).replace(/^\uFEFF/, '');
}
