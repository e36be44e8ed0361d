import { posix } from 'node:path';
import { arrows, onlyIn } from './arrows.ts';
import { importsOf, type Source } from './imports.ts';

/** One line for each import that the table does not allow, and for each folder that is not in it. */
export function arrowProblems(sources: readonly Source[]): string[] {
  const order = Object.keys(arrows);
  const upward = order.flatMap((folder, index) =>
    (arrows[folder]?.src ?? [])
      .filter((to) => !order.slice(0, index).includes(to))
      .map((to) => `${folder}: ${to} does not stand above it in the table`),
  );
  return [...upward, ...sources.flatMap(problemsOf)];
}

function problemsOf({ path, text }: Source): string[] {
  const folder = posix.dirname(path);
  const allowed = arrows[folder];
  if (allowed === undefined) return [`${path}: the folder ${folder} is not in scripts/lint/arrows.ts`];
  return importsOf(text).flatMap(({ from, typeOnly }) => {
    if (!from.startsWith('.')) {
      const only = onlyIn[from];
      if (only !== undefined && only !== path && !typeOnly) return [`${path}: only ${only} may import ${from}`];
      return typeOnly || allowed.modules.includes(from) ? [] : [`${path}: ${folder} may not import ${from}`];
    }
    const to = posix.dirname(posix.normalize(posix.join(folder, from)));
    return to === folder || (to === '.' && folder !== '.') || allowed.src.includes(to)
      ? []
      : [`${path}: ${folder} may not import ${to} (${from})`];
  });
}

const columns = 120;

/** One line for each line of a comment that is too long: the formatter wraps code alone. Addresses may be long. */
export function commentProblems(sources: readonly Source[]): string[] {
  return sources.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, index) => {
      const comment = /^\s*(?:\/\*\*|\*|\/\/) (.*)$/.exec(line)?.[1];
      const tooLong = comment !== undefined && line.length > columns && /\s/.test(comment.replace(/^@\w+ /, ''));
      return tooLong ? [`${path}:${index + 1}: the comment has ${line.length} columns, ${columns} are the most`] : [];
    }),
  );
}

/** One line for each exported function and interface of src without a docstring directly above it. */
export function docstringProblems(sources: readonly Source[]): string[] {
  return sources.flatMap(({ path, text }) => {
    const lines = text.split('\n');
    return lines.flatMap((line, index) => {
      const [, kind, name] = /^export (?:async )?(function\*?|interface) (\w+)/.exec(line) ?? [];
      const isDescribed = name === undefined || lines[index - 1]?.trimEnd().endsWith('*/') === true;
      return isDescribed ? [] : [`${path}:${index + 1}: ${kind} ${name} has no docstring`];
    });
  });
}
