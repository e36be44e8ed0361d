import { stringify } from 'yaml';
import { policyExpressions } from '../ways/policy/index.ts';
import { dashboardJson } from './dashboard.ts';
import { defaultsJson } from './defaults.ts';
import { identity } from './identity.ts';
import { ring } from './ringNumbers.ts';
import { compactSchema } from './schema.ts';
import { valuesMarkdown, valuesYaml, type Baked } from './valuesYaml.ts';

/** The names that Handlebars templates can use. */
export interface ChartContext extends Readonly<Record<string, unknown>> {
  readonly identity: typeof identity;
  readonly ring: typeof ring;
  readonly valuesYaml: string;
  readonly valuesSchema: string;
  readonly valuesTable: string;
  /** The expressions of the admission policy, with a final newline. */
  readonly policyYaml: string;
  /** The defaults that templates fill in, see `packet-capture.defaults`; with a final newline. */
  readonly defaultsJson: string;
  /** The dashboard for Grafana, with a final newline. */
  readonly dashboardJson: string;
}

/** @param baked values that replace defaults in values.yaml */
export function chartContext(baked: Baked = {}): ChartContext {
  const policyYaml = stringify(policyExpressions, {
    version: '1.1',
    lineWidth: 0,
    blockQuote: 'literal',
    aliasDuplicateObjects: false,
  });
  return {
    identity,
    ring,
    valuesYaml: valuesYaml(baked),
    valuesSchema: compactSchema(),
    valuesTable: valuesMarkdown(),
    policyYaml,
    dashboardJson: dashboardJson(),
    defaultsJson: defaultsJson(),
  };
}
