import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { programPaths } from '../../scripts/cluster/goBuild.ts';
import { kubernetes } from '../../scripts/cluster/goModules.ts';
import { stderrProgress } from '../../scripts/cluster/progress.ts';
import { ensureTools } from '../../scripts/cluster/tools.ts';
import { timeCommands } from '../support/bench/commands.ts';
import { median, type Figure } from '../support/bench/figure.ts';

const injecting = (file: string): string[] => [
  'bin/packet-capture.js',
  'inject',
  '-f',
  file,
  '--filter',
  'tcp port 80',
];

/** How long `inject` takes for a large manifest, beside kubectl that reads and writes the same file offline. */
export async function benchManifest(): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'packet-capture-bench-'));
  try {
    const [file, long] = [join(folder, 'deployments.yaml'), join(folder, 'long.yaml')];
    const text = deployments(500);
    await writeFile(file, text);
    await writeFile(long, deployments(10_000));
    await ensureTools(stderrProgress);
    const { kubectl } = await programPaths(kubernetes);
    const times = await timeCommands(
      {
        inject: [process.execPath, ...injecting(file)],
        kubectl: [kubectl, 'label', '--local', '-f', file, 'a=b', '-o', 'yaml'],
      },
      7,
    );
    const inject = median(times.inject);
    const other = median(times.kubectl);
    const longTimes = await timeCommands(
      { bare: [process.execPath, '-e', '0'], inject: [process.execPath, ...injecting(long)] },
      3,
    );
    const bare = median(longTimes.bare);
    const [each, eachLong] = [(inject - bare) / 500, (median(longTimes.inject) - bare) / 10_000];
    const [memory, longMemory] = [await costOf(injecting(file)), await costOf(injecting(long))].map(
      ({ megabytes }) => megabytes,
    );
    return [
      {
        what: `\`inject\` of 500 Deployments in one file (${(text.length / 1e6).toFixed(2)} MB), whole command`,
        measured: `${(inject / 1000).toFixed(2)} s`,
        goal: 'at most 0.7 s',
        beside: `\`kubectl label --local -o yaml\` ${(other / 1000).toFixed(2)} s, ratio ${(inject / other).toFixed(2)}`,
      },
      {
        what: 'its memory at most (resident)',
        measured: `${memory?.toFixed(0)} MB`,
        goal: 'at most 150 MB',
        beside: `of 10,000 Deployments ${longMemory?.toFixed(0)} MB`,
      },
      {
        what: 'each further document, of 10,000',
        measured: `${eachLong.toFixed(2)} ms`,
        goal: 'linear: no more than of 500',
        beside: `of 500 ${each.toFixed(2)} ms, ratio ${(eachLong / each).toFixed(2)}`,
      },
    ];
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** What a run of a Node program costs: processor time in seconds, and resident memory at most. */
export async function costOf(
  args: readonly string[],
): Promise<{ readonly seconds: number; readonly megabytes: number }> {
  const report =
    'process.on("exit",()=>{const {userCPUTime:u,systemCPUTime:s,maxRSS:m}=process.resourceUsage();console.error("cost",(u+s)/1e6,m*1024/1e6)})';
  const { stderr } = await execa(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(report)}`, ...args],
    {
      cwd: new URL('../..', import.meta.url),
      stdin: 'ignore',
      stdout: 'ignore',
      maxBuffer: 100_000_000,
    },
  );
  const [, seconds, megabytes] = /^cost (\S+) (\S+)$/m.exec(stderr) ?? [];
  return { seconds: Number(seconds), megabytes: Number(megabytes) };
}

export function deployments(count: number): string {
  return Array.from({ length: count }, (_, index) => deployment(index)).join('---\n');
}

/** About 1.4 kB, with the comments, probes and mixed styles of manifests that people write. */
function deployment(index: number): string {
  return `# service ${index}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: service-${index}
  namespace: team-${index % 20}
  labels: {app.kubernetes.io/name: service-${index}, app.kubernetes.io/part-of: "shop"}
spec:
  replicas: 3
  revisionHistoryLimit: 5
  selector:
    matchLabels:
      app.kubernetes.io/name: service-${index}
  strategy:
    type: RollingUpdate
    rollingUpdate: {maxSurge: 25%, maxUnavailable: 0}
  template:
    metadata:
      labels:
        app.kubernetes.io/name: service-${index}
      annotations:
        prometheus.io/scrape: "true"
    spec:
      containers:
        - name: app
          image: registry.example/shop/service-${index}:1.4.${index}
          args: ["--listen", ":8080", '--log=json']
          env:
            - name: DATABASE_URL
              valueFrom:
                secretKeyRef: {name: database, key: url}
            - name: MODE
              value: "on"
          ports:
            - containerPort: 8080
              name: http
          readinessProbe:
            httpGet: {path: /ready, port: http}
            periodSeconds: 5
          resources:
            requests: {cpu: 100m, memory: 128Mi}
            limits:
              memory: 256Mi
          volumeMounts:
            - name: config
              mountPath: /etc/service
      volumes:
        - name: config
          configMap:
            name: service-${index}
            defaultMode: 0644  # octal, as kubectl reads it
`;
}
