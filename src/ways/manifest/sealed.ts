import { ownField } from './manifestObjects.ts';
import type { ManifestReport } from './manifestReport.ts';
import { scalarValue } from './nodeValues.ts';
import type { ParsedDocument } from './parseDocument.ts';
import { lineNumber } from './text.ts';
import type { Workload } from './workloads.ts';
import { resolved } from './yaml/nodes.ts';

/** Annotations with a signature of the whole object (sigstore/k8s-manifest-sigstore, IBM/integrity-shield). */
const signatures: readonly string[] = ['cosign.sigstore.dev/signature', 'integrityshield.io/signature'];

/**
 * Refuses to change an object with a checksum or a signature: it would no longer be valid, so the object could not be
 * decrypted or verified any more.
 * @throws MANIFEST_SEALED
 */
export function refuseSealed({ document, start, kind, trail }: Workload): void {
  const { fail } = document;
  if (isEncrypted(document)) {
    throw fail(
      'MANIFEST_SEALED',
      start,
      `this ${kind} is encrypted with SOPS, whose MAC covers every value of the document: with the sidecar it could no longer be decrypted`,
    );
  }
  const object = trail.map(({ node }) => resolved(node)).find((node) => node.start === start);
  const signature = signatureOf(object);
  if (signature === undefined) return;
  throw fail(
    'MANIFEST_SEALED',
    start,
    `this ${kind} is signed (annotation ${signature}), and with the sidecar the signature would no longer be valid`,
    'Inject first and sign the result; nothing was written.',
  );
}

/**
 * The report about a document of which the kind is encrypted too, so that it is not known whether it is a workload.
 * @returns undefined for any other document
 */
export function encryptedReport(document: ParsedDocument): ManifestReport | undefined {
  const root = resolved(document.root);
  const kind = field(root, 'kind');
  if (kind?.kind !== 'scalar' || !kind.text.startsWith('ENC[') || !isEncrypted(document)) return undefined;
  const line = lineNumber(document.source, root.start);
  return {
    document: document.number,
    line,
    kind: 'Object',
    name: '(encrypted)',
    result: 'skipped',
    reason: 'encrypted',
  };
}

/** SOPS adds its metadata to the top of each document (getsops/sops, stores/yaml and stores/json). */
function isEncrypted(document: ParsedDocument): boolean {
  const root = resolved(document.root);
  const sops = field(root, 'sops');
  return ['mac', 'lastmodified'].some((key) => field(sops, key) !== undefined);
}

function signatureOf(object: Value): string | undefined {
  const annotations = field(field(object, 'metadata'), 'annotations');
  return signatures.find((key) => {
    const value = field(annotations, key);
    return value?.kind === 'scalar' && scalarValue(value) !== null;
  });
}

type Value = ReturnType<typeof resolved> | undefined;

function field(value: Value, key: string): Value {
  const node = value?.kind === 'map' ? ownField(value, key) : undefined;
  return node && resolved(node);
}
