import { describe, expect, test } from 'vitest';
import { isCodedError } from '../../../../src/errors.ts';
import { helmErrorCode, helmMessage } from '../../../../src/release/helm/helmError.ts';
import { givenFlags, waitFlags } from '../../../../src/release/helm/helmFlags.ts';
import { checkHelmVersion, formatHelmVersion, parseHelmVersion } from '../../../../src/release/helm/helmVersion.ts';

describe('versions of helm', () => {
  test.each(['v4.2.2', 'v4.3.1', 'v4.0.0', 'v3.14.0', 'v3.22.0', 'v3.21.4+g1234567', '4.2.10'])(
    '%s is taken',
    (text) => {
      expect(text).toContain(formatHelmVersion(checkHelmVersion(text, 'helm')));
    },
  );

  test.each([
    ['v4.2.1', 'helm 4.2.1 hangs on hooks'],
    ['v4.2.1+g0b1c2d3', 'helm 4.2.1 hangs on hooks'],
    ['v3.13.3', 'helm 3.13.3 is older than 3.14.0'],
    ['v2.17.0', 'helm 2.17.0 is older than 3.14.0'],
    ['v5.0.0', 'helm 5.0.0 is too new: this program supports 3 and 4'],
    ['usage: helm', '"usage: helm" is not a version of helm'],
  ])('%s is refused', (text, message) => {
    const refusal = caught(() => checkHelmVersion(text, '/opt/helm'));
    expect(refusal).toMatchObject({ code: 'HELM_UNSUPPORTED', message, where: '/opt/helm' });
  });

  test('a version without a patch number is refused', () => {
    expect(parseHelmVersion('v4.2')).toBeUndefined();
  });
});

function caught(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return isCodedError(error) ? { ...error, message: error.message } : error;
  }
}

test('the flags for waiting of each helm', () => {
  const [three, four] = [
    { major: 3, minor: 22, patch: 0 },
    { major: 4, minor: 3, patch: 1 },
  ];
  expect(waitFlags(three, 'watcher', 300)).toEqual(['--wait', '--timeout=300s']);
  expect(waitFlags(three, 'legacy', 300)).toEqual(['--wait', '--timeout=300s']);
  expect(waitFlags(four, 'watcher', 90)).toEqual(['--wait=watcher', '--timeout=90s']);
  expect(waitFlags(four, 'legacy', 90)).toEqual(['--wait=legacy', '--timeout=90s']);
});

test('values keep their order, and a value that looks like a flag stays a value', () => {
  expect(givenFlags({ files: ['a.yaml', '-'], set: ['x=1', '--wait'], setString: ['y=2'] })).toEqual([
    '--values=a.yaml',
    '--values=-',
    '--set=x=1',
    '--set=--wait',
    '--set-string=y=2',
  ]);
});

describe("helm's messages", () => {
  test.each([
    ['Error: release: not found\n', 'NOT_FOUND'],
    [
      'Error: INSTALLATION FAILED: Kubernetes cluster unreachable: Get "https://10.0.0.1/version": dial tcp',
      'CLUSTER_UNREACHABLE',
    ],
    ['Error: context "nowhere" does not exist', 'CLUSTER_UNREACHABLE'],
    ['Error: UPGRADE FAILED: context deadline exceeded', 'HELM_FAILED'],
  ])('%s', (stderr, code) => {
    expect(helmErrorCode(stderr)).toBe(code);
  });

  test('are reported without log lines and headline', () => {
    const stderr = [
      'level=WARN msg="upgrade failed" name=web error="post-upgrade hooks failed: x"',
      'W1122 21:14:00.733648  123 warnings.go:70] unknown field',
      '2026/11/22 21:14:00 warning: skipped value',
      'Error: UPGRADE FAILED: post-upgrade hooks failed: 1 error occurred:',
      '\t* job failed: BackoffLimitExceeded',
      '',
      'Use --debug flag to render out invalid YAML',
    ].join('\n');
    expect(helmMessage(stderr)).toBe(
      'post-upgrade hooks failed: 1 error occurred:\n\t* job failed: BackoffLimitExceeded',
    );
  });

  test('are the log lines if there is nothing else', () => {
    expect(helmMessage('level=ERROR msg="cannot start"\n')).toBe('level=ERROR msg="cannot start"');
  });
});
