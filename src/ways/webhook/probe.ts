import { amountAnnotation, amountNames, probeAnnotation, restrictedSecurityContext } from '../../sidecar/index.ts';
import { applicationName, componentLabel, components, instanceLabel, nameLabel } from './names.ts';

/** What a strict namespace may require of every pod. */
export interface ProbePodDemands {
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** In place of the small amounts of the probe. */
  readonly resources?: object;
  /** In place of what Pod Security `restricted` requires: of the pod, and of its container. */
  readonly podSecurityContext?: object;
  readonly securityContext?: object;
}

/** The release whose injection is tested. */
export interface ProbeRequest {
  readonly release: string;
  /** The namespace of the release. */
  readonly namespace: string;
  /** The image of the probe's container. It is never pulled, because the pod is never created. */
  readonly image: string;
  readonly demands?: ProbePodDemands;
}

/**
 * The manifest of a pod that is only sent with `dryRun=All`. The probe webhook answers with what would be injected,
 * which proves that the API server reaches the injector. The pod meets Pod Security `restricted`, unless the release's
 * own pods do not, and requests little, so that it fits into a quota of the namespace; a LimitRange may require more.
 */
export function probePod({ release, namespace, image, demands = {} }: ProbeRequest): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: 'packet-capture-probe-',
      namespace,
      ...(demands.annotations === undefined ? {} : { annotations: demands.annotations }),
      labels: {
        ...demands.labels,
        [nameLabel]: applicationName,
        [instanceLabel]: release,
        [componentLabel]: components.probe,
      },
    },
    spec: {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      securityContext: given(demands.podSecurityContext) ?? {
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      containers: [
        {
          name: 'probe',
          image,
          resources: demands.resources ?? little,
          securityContext: given(demands.securityContext) ?? restrictedSecurityContext,
        },
      ],
    },
  };
}

/** Treats an empty object in the values as absent. */
function given(members: object | undefined): object | undefined {
  return members === undefined || Object.keys(members).length === 0 ? undefined : members;
}

const little = { requests: { cpu: '1m', memory: '1Mi' }, limits: { cpu: '1m', memory: '1Mi' } };

/**
 * The probe pod in two sizes, to be tried in turn while one is refused: a small one fits a quota, and one of the size
 * of the release's own pods fits a LimitRange.
 */
export function probePods(request: ProbeRequest): readonly object[] {
  const { resources, ...demands } = request.demands ?? {};
  const small = probePod({ ...request, demands });
  if (given(resources) === undefined) return [small];
  // The injected container has to fit too. It is never started, so the same amounts are enough for it.
  const annotations = { ...demands.annotations, ...amountsOf(resources ?? {}) };
  return [small, probePod({ ...request, demands: { ...request.demands, annotations } })];
}

/** The annotations by which a pod asks for a sidecar with these resources. */
function amountsOf(resources: object): Record<string, string> {
  const named = amountNames.map((name) => {
    const [resource = '', bound = ''] = name.split('-');
    return [amountAnnotation(name), objectOf(objectOf(resources)[`${bound}s`])[resource]] as const;
  });
  return Object.fromEntries(
    named.flatMap(([key, value]) =>
      typeof value === 'string' || typeof value === 'number' ? [[key, String(value)]] : [],
    ),
  );
}

/**
 * How many answers in a row prove injection. Each API server of a cluster sees a new webhook at its own time, so one
 * answer only proves that one API server calls it.
 */
const answersInARow = 3;

/** The result of one request for a probe pod: `refused` when the API server did not accept the pod. */
export type ProbeAnswer = 'injected' | 'not injected' | 'refused';

/** The state of a proof that injection works; the caller sends the requests and waits between them. */
export interface InjectionProof {
  /** The pod to ask for next: a refused pod is followed by one of the other size. */
  readonly pod: () => object;
  /** Takes the answer for that pod, and returns whether injection is proven. */
  readonly add: (answer: ProbeAnswer) => boolean;
}

/** Begins a proof by the pods of {@link probePods}. */
export function startProof(request: ProbeRequest): InjectionProof {
  const pods = probePods(request);
  let inARow = 0;
  let refusals = 0;
  return {
    pod: () => pods[refusals % pods.length] ?? {},
    add: (answer) => {
      inARow = answer === 'injected' ? inARow + 1 : 0;
      if (answer === 'refused') refusals += 1;
      return inARow === answersInARow;
    },
  };
}

/** Why an admitted probe pod lacks the annotation of {@link isInjected}. */
export const notInjected =
  'the API server admits the probe pod as it is: the webhook or policy of the release was not called, did not answer, or demands a client certificate (webhook.clientCA)';

/** Whether a pod that the API server returned went through the probe webhook of an injector. */
export function isInjected(pod: unknown): boolean {
  const { metadata } = objectOf(pod);
  const { annotations } = objectOf(metadata);
  const value = objectOf(annotations)[probeAnnotation];
  return typeof value === 'string' && value !== '';
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
