import { describe, expect, test } from 'vitest';
import { answerLines, directives } from '../../../../src/cli/completion/answer.ts';
import { queriesOf } from '../../../../src/cli/completion/clusterLists.ts';
import type { Candidate, ClusterList } from '../../../../src/cli/completion/values.ts';

function read(list: ClusterList, start: string, ...lines: string[]): Candidate[] {
  return queriesOf(list, start).flatMap((query) => query.read(lines));
}

describe('queriesOf', () => {
  const workloads = { of: 'workloads', types: ['deployments', 'services'] } as const;

  test('asks for tables, which are small, and reads the name from their first column', () => {
    expect(queriesOf({ of: 'pods' }, 'we').map(({ args }) => args)).toEqual([['get', 'pods', '--no-headers']]);
    expect(read({ of: 'pods' }, '', 'web-1   1/1   Running   1 (3m ago)   5d')).toEqual([
      { value: 'web-1', text: '1/1 Running 1 (3m ago) 5d' },
    ]);
  });

  test('names workloads as kubectl takes them', () => {
    expect(queriesOf(workloads, '')[0]?.args).toEqual(['get', 'deployments,services', '--no-headers']);
    expect(read(workloads, '', 'deployment.apps/web 1/1', 'service/web ClusterIP', 'odd')).toEqual([
      { value: 'deployment/web', text: '1/1' },
      { value: 'service/web', text: 'ClusterIP' },
    ]);
  });

  test('asks for one type alone after its name, as it is typed', () => {
    expect(queriesOf(workloads, 'sts/d')[0]?.args).toEqual(['get', 'sts', '--no-headers']);
    expect(read(workloads, 'sts/d', 'db 1/1')).toEqual([{ value: 'sts/db', text: '1/1' }]);
    expect(queriesOf({ of: 'pods' }, 'sts/d')).toEqual([]);
    expect(queriesOf(workloads, '-x/d')[0]?.args).toEqual(['get', 'deployments,services', '--no-headers']);
  });

  test('reads the entries of the configuration, after their title', () => {
    expect(read({ of: 'contexts' }, '', 'prod', 'a b')).toEqual([
      { value: 'prod', text: '' },
      { value: 'a b', text: '' },
    ]);
    expect(read({ of: 'users' }, '', 'NAME', 'admin')).toEqual([{ value: 'admin', text: '' }]);
  });

  test('joins namespaces and pods', () => {
    expect(read({ of: 'pods of all namespaces' }, 'shop/', 'shop  web-1  1/1  Running')).toEqual([
      { value: 'shop/web-1', text: '1/1 Running' },
    ]);
  });
});

describe('answerLines', () => {
  test('has a line for each candidate, and the directive last', () => {
    const found = [
      { value: 'a', text: 'one\ttwo' },
      { value: 'b', text: '' },
      { value: 'a', text: 'again' },
    ];
    expect(answerLines(found, 4)).toEqual(['a\tone two', 'b', ':4']);
  });

  test('leaves out what a terminal would obey or what breaks a line', () => {
    const names = ['a\u001B[2J', 'a\nb', 'a\tb', ' a', '', 'fine'];
    expect(
      answerLines(
        names.map((value) => ({ value, text: '' })),
        0,
      ),
    ).toEqual(['fine', ':0']);
    expect(answerLines([{ value: 'a', text: 'x\u001B[2J' }], 0)).toEqual(['a\tx\\u001b[2J', ':0']);
  });
});

test('directives say whether files follow, and that more follows a slash', () => {
  expect(directives('none', [])).toBe(4);
  expect(directives('all', [])).toBe(0);
  expect(directives('folders', [])).toBe(16);
  expect(directives('folders', [{ value: 'json', text: '' }])).toBe(4);
  expect(directives('all', [{ value: 'a/', text: '' }])).toBe(2);
});
