/** What a manifest means, told from its parsed documents alone: shares no code with what finds and edits workloads. */

type Json = Record<string, unknown>;

const templateAt: Readonly<Record<string, string>> = {
  'v1 Pod': '',
  'v1 PodTemplate': 'template',
  'v1 ReplicationController': 'spec.template',
  'apps Deployment': 'spec.template',
  'apps ReplicaSet': 'spec.template',
  'apps DaemonSet': 'spec.template',
  'apps StatefulSet': 'spec.template',
  'extensions Deployment': 'spec.template',
  'extensions ReplicaSet': 'spec.template',
  'extensions DaemonSet': 'spec.template',
  'batch Job': 'spec.template',
  'batch CronJob': 'spec.jobTemplate.spec.template',
  'argoproj.io Rollout': 'spec.template',
  'serving.knative.dev Service': 'spec.template',
  'serving.knative.dev Configuration': 'spec.template',
  'apps.openshift.io DeploymentConfig': 'spec.template',
  'v1 DeploymentConfig': 'spec.template',
};

/** The pod templates of the workloads in a parsed document, those without one too. */
export function workloadsIn(value: unknown): (Json | undefined)[] {
  return objectsIn(value, undefined).flatMap(({ object, type }) => {
    const path = templateAt[type];
    if (path === undefined) return [];
    const keys = path.split('.').filter((key) => key !== '');
    return [keys.reduce<Json | undefined>((at, key) => at?.[key] as Json | undefined, object)];
  });
}

function objectsIn(value: unknown, inherited: string | undefined): { object: Json; type: string }[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  const object = value as Json;
  const { apiVersion, kind, items, objects } = object;
  const group = typeof apiVersion === 'string' ? apiVersion.split('/')[0] : 'none';
  const own = typeof kind === 'string' ? `${group} ${kind}` : undefined;
  const type = own ?? inherited;
  if (type === undefined) return [];
  if (type.endsWith('List') && Array.isArray(items))
    return items.flatMap((item) => objectsIn(item, type.endsWith(' List') ? undefined : type.slice(0, -4)));
  if (/^(v1|template\.openshift\.io) Template$/.test(type) && Array.isArray(objects))
    return objects.flatMap((item) => objectsIn(item, undefined));
  return [{ object, type }];
}

/** The document without what the sidecar is, and without lists and maps that are empty then. Changes its argument. */
export function withoutAdditions(value: unknown): unknown {
  for (const template of workloadsIn(value)) {
    if (template === undefined || template === null) continue;
    const spec = template['spec'] as Json | null | undefined;
    const metadata = template['metadata'] as Json | null | undefined;
    const annotations = metadata?.['annotations'] as Json | null | undefined;
    if (annotations != null) takeOutAnnotations(annotations);
    for (const key of ['initContainers', 'volumes']) {
      const list = spec?.[key];
      if (Array.isArray(list))
        spec![key] = list.filter((entry: Json) => !String(entry['name']).startsWith('packet-capture'));
      dropEmpty(spec, key);
    }
    dropEmpty(metadata, 'annotations');
    dropEmpty(template, 'metadata');
  }
  return value;
}

/** The status, and our volumes in front of what the Cluster Autoscaler may lose. */
function takeOutAnnotations(annotations: Json): void {
  delete annotations['packet-capture/status'];
  const key = 'cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes';
  const value = annotations[key];
  const others = (typeof value === 'string' ? value : '').replace(
    /^packet-capture-files,packet-capture-no-token,?/,
    '',
  );
  if (others === '') delete annotations[key];
  else annotations[key] = others;
}

/** Absent, null and empty mean the same to Kubernetes. */
function dropEmpty(object: Json | null | undefined, key: string): void {
  const value = object?.[key];
  if (object == null || (value != null && Object.keys(value).length > 0)) return;
  delete object[key];
}
