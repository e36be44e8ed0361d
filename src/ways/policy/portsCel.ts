import { leastMetricsPort, metricsPortName } from '../../sidecar/index.ts';
import type { Variable } from './cel.ts';
import { metricsPortParameter } from './parameters.ts';

/**
 * The variables `metricsPort` (of the agent; the empty string for none; see declaresPort) and `ports` (of the
 * container).
 */
export const portVariables: readonly Variable[] = [
  { name: 'wantedPort', expression: metricsPortParameter },
  {
    name: 'metricsPort',
    expression: `variables.wantedPort == '' || (object.spec.containers + (has(object.spec.initContainers) ? object.spec.initContainers : [])).exists(container,
  has(container.ports) && container.ports.exists(port, string(port.containerPort) == variables.wantedPort
    && (!has(port.protocol) || port.protocol in ['', 'TCP'])))
? ''
: variables.wantedPort`,
  },
  {
    name: 'ports',
    expression: `variables.metricsPort == ''
? []
: [{'name': dyn('${metricsPortName}'), 'containerPort': dyn(int(variables.metricsPort)), 'protocol': dyn('TCP')}]`,
  },
];

/** Whether the port in the parameters is valid, in CEL. */
export const validPort = `(${metricsPortParameter}.matches('^([1-9][0-9]{3,4})?$')
  && (${metricsPortParameter} == '' || int(${metricsPortParameter}) >= ${leastMetricsPort} && int(${metricsPortParameter}) <= 65535))`;
