import { parseAllDocuments } from 'yaml';
import { additionPatch, planInjection, type PodSecurityLevel } from '../../../src/inject/index.ts';
import { templatePath } from '../../../src/kubernetes/api/kinds.ts';
import type { PatchOperation, PodTemplate } from '../../../src/kubernetes/api/types.ts';
import type { InjectManifestOptions } from '../../../src/ways/manifest/index.ts';
import { parseDocuments } from '../../../src/ways/manifest/parseDocument.ts';

type Json = Record<string, unknown>;

/**
 * The documents of a text as the `yaml` package reads YAML 1.1: it shares no code with the way that finds and edits.
 */
export function readYaml(text: string): unknown[] {
  const documents = parseAllDocuments(text, { version: '1.1', uniqueKeys: false, logLevel: 'silent' });
  return Array.isArray(documents) ? documents.map((document) => document.toJS({ maxAliasCount: -1 }) as unknown) : [];
}

/**
 * The documents as our own reader has them: for what kubectl takes and the `yaml` package does not. That it reads the
 * same as kubectl is held elsewhere, in the tests of indentation and JSON streams.
 */
export function readOurs(text: string): unknown[] {
  return [...parseDocuments(text, 'f')].map(({ values, root }) => values.of(root));
}

/** What injecting must come to: the parsed documents with the addition applied as a JSON Patch to each pod template. */
export function expectedDocuments(
  text: string,
  options: InjectManifestOptions,
  levels: Readonly<Record<string, PodSecurityLevel>> = {},
  read: (text: string) => unknown[] = readYaml,
): unknown[] {
  const documents = structuredClone(read(text));
  for (const document of documents) for (const found of objectsIn(document)) injectObject(found, options, levels);
  return documents;
}

interface Found {
  readonly object: Json;
  readonly apiVersion: unknown;
  readonly kind: unknown;
}

function injectObject(
  { object, apiVersion, kind }: Found,
  options: InjectManifestOptions,
  levels: Readonly<Record<string, PodSecurityLevel>>,
): void {
  const path = templatePath(String(apiVersion), String(kind));
  const template = path?.reduce<unknown>((at, key) => (at as Json | undefined)?.[key], object) as
    | PodTemplate
    | undefined;
  if (path === undefined || template === undefined) return;
  const namespace = (object['metadata'] as Json | undefined)?.['namespace'] as string | undefined;
  const podSecurity = options.podSecurity ?? levels[namespace ?? ''] ?? 'privileged';
  const plan = planInjection(template, { config: options.config, settings: options.settings, podSecurity, namespace });
  if (plan.inject) applyPatch(object, additionPatch(template, plan.addition, path));
}

function objectsIn(
  value: unknown,
  inherited: { readonly apiVersion?: unknown; readonly kind?: unknown } = {},
): Found[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  const object = value as Json;
  const { apiVersion = inherited.apiVersion, kind = inherited.kind, items } = object;
  if (typeof kind !== 'string' || !kind.endsWith('List') || !Array.isArray(items))
    return [{ object, apiVersion, kind }];
  return items.flatMap((item) => objectsIn(item, kind === 'List' ? {} : { apiVersion, kind: kind.slice(0, -4) }));
}

/** RFC 6902, as far as additions need it. */
export function applyPatch(target: unknown, operations: readonly PatchOperation[]): void {
  for (const operation of operations) {
    const keys = operation.path
      .split('/')
      .slice(1)
      .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
    const last = keys.pop() ?? '';
    const parent = keys.reduce<unknown>((at, key) => (at as Json)[key], target) as Json | unknown[];
    if (operation.op !== 'add') throw new Error(`${operation.op} is no addition`);
    const value: unknown = structuredClone(operation.value);
    if (!Array.isArray(parent)) parent[last] = value;
    else parent.splice(last === '-' ? parent.length : Number(last), 0, value);
  }
}
