import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { readPem } from '../../../src/certificates/index.ts';
import { readKey } from '../../../src/certificates/pem.ts';

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'pem' });
const broken = expect.objectContaining({ code: 'CERTIFICATE_INVALID', where: 'a file' });

test('text between blocks, carriage returns and other kinds of blocks are ignored', () => {
  const parameters = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n';
  const { keys, certificates } = readPem(`subject=x\n${parameters}${pkcs8}`.replaceAll('\n', '\r\n'), 'a file');
  expect(certificates).toStrictEqual([]);
  expect(keys).toHaveLength(1);
  expect(readKey(keys[0] ?? '', 'a file').asymmetricKeyType).toBe('ec');
});

test.each(['sec1', 'pkcs8'] as const)('a key in the form %s is read', (type) => {
  const { keys } = readPem(privateKey.export({ type, format: 'pem' }), 'a file');
  expect(readKey(keys[0] ?? '', 'a file').equals(privateKey)).toBe(true);
});

test.each([
  ['cut off', pkcs8.slice(0, 80)],
  ['no certificate', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'],
  ['behind a password', privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })],
  [
    'behind a password in the old way',
    privateKey.export({ type: 'sec1', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }),
  ],
])('a block that is %s is refused with its place', (_, text) => {
  expect(() => readPem(text, 'a file')).toThrow(broken);
});

test('the message about an unreadable key does not contain it', () => {
  const secret = '-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n';
  expect(() => readKey(secret, 'a file')).toThrow(
    expect.objectContaining({ code: 'CERTIFICATE_INVALID', message: expect.not.stringContaining('c2VjcmV0') }),
  );
});
