import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { injectManifest, uninjectManifest } from '../../../../src/ways/manifest/index.ts';
import { beyondYaml, fixtureCases, goldenFolder, inputNames } from '../../../support/manifest/cases.ts';
import { expectedDocuments, readOurs, readYaml } from '../../../support/manifest/oracle.ts';

test('there are at least 40 manifests', () => {
  expect(inputNames.length).toBeGreaterThanOrEqual(40);
});

describe.each(fixtureCases)('$name', (fixture) => {
  const { input, options, name } = fixture;
  const injected = injectManifest(input, options);

  test('becomes the golden bytes', () => {
    // UPDATE_GOLDENS=1 writes them anew: for a change of the sidecar. Read the difference before you commit it.
    if (process.env['UPDATE_GOLDENS'] !== undefined) writeFileSync(new URL(name, goldenFolder), injected.text);
    expect(injected.text).toBe(fixture.golden);
  });

  test('keeps every byte outside what is put in', () => {
    let text = injected.text;
    for (const { offset, text: added } of injected.insertions.toSorted((a, b) => a.offset - b.offset)) {
      expect(text.slice(offset, offset + added.length)).toBe(added);
      text = text.slice(0, offset) + text.slice(offset + added.length);
    }
    expect(text).toBe(input);
  });

  test('means the manifest with the addition', () => {
    const levels = { locked: 'restricted', careful: 'baseline' } as const;
    const read = beyondYaml.includes(name) ? readOurs : readYaml;
    expect(read(injected.text)).toEqual(expectedDocuments(input, options, levels, read));
  });

  test('is not changed by injecting again', () => {
    expect(injectManifest(injected.text, options).text).toBe(injected.text);
  });

  test('is the original again after uninject', () => {
    expect(uninjectManifest(injected.text, options).text).toBe(input);
  });
});
