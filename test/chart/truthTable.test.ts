import { expect, test } from 'vitest';
import { levelRows, optInRowOf, podSecurityLabel } from '../../src/inject/index.ts';
import { injectAnnotation, namespaceLabel } from '../../src/settings/index.ts';
import type { AssumedLevel } from '../../src/sidecar/index.ts';
import { webhookNames } from '../../src/ways/webhook/names.ts';
import { matchingWebhooks } from '../support/chart/admission.ts';
import { ofKind, render, type KubernetesObject } from '../support/chart/helm.ts';

const image = { global: { imageRegistry: 'registry.example' } };

async function configurationOf(injection: object): Promise<KubernetesObject> {
  return ofKind(await render({ ...image, injection }), 'MutatingWebhookConfiguration');
}

function called(
  configuration: KubernetesObject,
  namespaceLabels: Readonly<Record<string, string>>,
  annotation: string | null,
): readonly string[] {
  const metadata = annotation === null ? {} : { annotations: { [injectAnnotation]: annotation } };
  return matchingWebhooks(configuration, {
    namespace: 'shop',
    namespaceLabels,
    pod: { metadata, spec: {} },
    dryRun: false,
  });
}

test('the API server calls the webhook exactly for the pods that the truth table injects', async () => {
  for (const optOut of [false, true]) {
    const configuration = await configurationOf({ optOut });
    for (const labeled of [false, true]) {
      for (const annotation of ['true', 'false', null] as const) {
        const row = optInRowOf({ labeled, annotation, optOut });
        const labels: Record<string, string> = labeled ? { [namespaceLabel]: 'enabled' } : {};
        expect(called(configuration, labels, annotation), JSON.stringify({ optOut, labeled, annotation })).toEqual(
          row?.admission === 'inject' ? [webhookNames.privileged] : [],
        );
      }
    }
  }
});

test('the API server calls the webhook of the profile that the truth table has for the level', async () => {
  for (const assumed of ['auto', 'privileged', 'baseline', 'restricted'] satisfies AssumedLevel[]) {
    const configuration = await configurationOf({ podSecurity: assumed });
    const rows = levelRows.filter((row) => row.assumed === undefined || row.assumed === assumed);
    expect(rows).toHaveLength(4);
    for (const { label, outcome } of rows) {
      const labels = { [namespaceLabel]: 'enabled', ...(label === null ? {} : { [podSecurityLabel]: label }) };
      expect(called(configuration, labels, 'true'), `${label}, ${assumed}`).toEqual(
        outcome === 'pod_security_restricted' ? [] : [webhookNames[outcome]],
      );
    }
  }
});
