import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defaultSidecarConfig } from '../../../../src/sidecar/index.ts';
import { injectManifest, uninjectManifest, type InjectManifestOptions } from '../../../../src/ways/manifest/index.ts';
import { generatedManifest } from '../../../support/manifest/arbitraries.ts';
import { articleSidecar, customSidecar } from '../../../support/manifest/cases.ts';
import { expectedDocuments, readYaml } from '../../../support/manifest/oracle.ts';
import { runs } from '../../../support/manifest/runs.ts';

const { numRuns, timeout } = runs(25);

const options: fc.Arbitrary<InjectManifestOptions> = fc.record({
  config: fc.constantFrom(defaultSidecarConfig, customSidecar, articleSidecar('monitor')),
  settings: fc.constantFrom({}, { filter: 'tcp port 80 # "x": y' }),
  file: fc.constant('generated.yaml'),
});

describe('for any manifest', { timeout }, () => {
  test('the generator writes what it means', () => {
    fc.assert(
      fc.property(generatedManifest, ({ text, documents }) => {
        expect(readYaml(text)).toEqual(documents);
      }),
      { numRuns },
    );
  });

  test('inject only puts text in, and the result means the manifest with the addition', () => {
    fc.assert(
      fc.property(generatedManifest, options, ({ text }, given) => {
        const injected = injectManifest(text, given);
        let rest = injected.text;
        for (const { offset, text: added } of injected.insertions.toSorted((a, b) => a.offset - b.offset)) {
          expect(rest.slice(offset, offset + added.length)).toBe(added);
          rest = rest.slice(0, offset) + rest.slice(offset + added.length);
        }
        expect(rest).toBe(text);
        expect(readYaml(injected.text)).toEqual(expectedDocuments(text, given));
      }),
      { numRuns },
    );
  });

  test('injecting twice changes nothing, and uninject gives the original bytes', () => {
    fc.assert(
      fc.property(generatedManifest, options, ({ text }, given) => {
        const injected = injectManifest(text, given);
        expect(injectManifest(injected.text, given).text).toBe(injected.text);
        expect(uninjectManifest(injected.text, given).text).toBe(text);
      }),
      { numRuns },
    );
  });
});
