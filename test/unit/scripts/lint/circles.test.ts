import { expect, test } from 'vitest';
import { circleProblems } from '../../../../scripts/lint/circles.ts';

test('a circle of imports is named, with types and across folders', () => {
  const problems = circleProblems([
    { path: 'a.ts', text: "import { b } from './folder/b.ts';\n" },
    { path: 'folder/b.ts', text: "import {\n  type C,\n} from './c.ts';\n" },
    { path: 'folder/c.ts', text: "import type { A } from '../a.ts';\n" },
    { path: 'd.ts', text: "import { a } from './a.ts';\n" },
  ]);
  expect(problems).toEqual(['a.ts -> folder/b.ts -> folder/c.ts -> a.ts: a circle of imports']);
});

test('two ways to one file are no circle, and packages are not followed', () => {
  expect(
    circleProblems([
      { path: 'a.ts', text: "import './b.ts';\nimport './c.ts';\nimport 'yaml';\n" },
      { path: 'b.ts', text: "import './d.ts';\n" },
      { path: 'c.ts', text: "import './d.ts';\n" },
      { path: 'd.ts', text: '' },
    ]),
  ).toEqual([]);
});
