import * as kubernetes from './kubernetesSchemas.ts';
import type { Labels } from './naming.ts';
import * as is from './schemas.ts';
import { choice, flag, group, leaf, passedList, string } from './tree.ts';

export const serviceAccount = group("the injector's; it has no rights and no token", {
  create: flag(true, 'render it'),
  name: string('', 'empty: the full name, or "default" when it is not created', is.objectNameOrEmpty),
  labels: leaf<Labels>({}, 'of it', is.labels),
  annotations: leaf<Labels>({}, 'of it', is.annotations),
});

export const service = group('what the API server calls', {
  type: choice('ClusterIP', 'of the Service', ['ClusterIP', 'NodePort', 'LoadBalancer']),
  ipFamilyPolicy: string('', 'of the Service', { enum: ['', 'SingleStack', 'PreferDualStack', 'RequireDualStack'] }),
  ipFamilies: leaf<readonly string[]>([], 'of the Service', {
    type: 'array',
    maxItems: 2,
    items: { enum: ['IPv4', 'IPv6'] },
  }),
  labels: leaf<Labels>({}, 'of the Service', is.labels),
  annotations: leaf<Labels>({}, 'of the Service', is.annotations),
});

export const networkPolicy = group('who may reach the pods of the release, and whom these may reach', {
  enabled: flag(
    true,
    "render one for the injector, the hooks and the test; the webhook's port stays open to all: API servers have no pod labels",
  ),
  metricsFrom: passedList(
    "peers that may read the injector's metrics; empty: the pods of the release's namespace",
    kubernetes.networkPeers,
  ),
  egress: passedList('rules; the injector itself calls nobody', kubernetes.egressRules),
  apiServer: passedList(
    'rules by which the hooks reach the API server; empty: TCP to anywhere, for nobody knows its address',
    kubernetes.egressRules,
  ),
  labels: leaf<Labels>({}, 'of them', is.labels),
  annotations: leaf<Labels>({}, 'of them', is.annotations),
});
