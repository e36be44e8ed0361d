import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { programPaths } from '../../scripts/cluster/goBuild.ts';
import { kubernetes } from '../../scripts/cluster/goModules.ts';
import { stderrProgress } from '../../scripts/cluster/progress.ts';
import { ensureTools } from '../../scripts/cluster/tools.ts';
import { timeCommands } from './commands.ts';
import { median, type Figure } from './figure.ts';

/** How long `inject` takes for a large manifest, beside kubectl that reads and writes the same file offline. */
export async function benchManifest(): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'packet-capture-bench-'));
  try {
    const text = Array.from({ length: 500 }, (_, index) => deployment(index)).join('---\n');
    const file = join(folder, 'deployments.yaml');
    await writeFile(file, text);
    await ensureTools(stderrProgress);
    const { kubectl } = await programPaths(kubernetes);
    const times = await timeCommands(
      {
        inject: [process.execPath, 'bin/packet-capture.js', 'inject', '-f', file, '--filter', 'tcp port 80'],
        kubectl: [kubectl, 'label', '--local', '-f', file, 'a=b', '-o', 'yaml'],
      },
      7,
    );
    const inject = median(times.inject);
    const other = median(times.kubectl);
    return [
      {
        what: `\`inject\` of 500 Deployments in one file (${(text.length / 1e6).toFixed(2)} MB), whole command`,
        measured: `${(inject / 1000).toFixed(2)} s`,
        goal: 'under 1 s',
        beside: `\`kubectl label --local -o yaml\` ${(other / 1000).toFixed(2)} s, ratio ${(inject / other).toFixed(2)}`,
      },
    ];
  } finally {
    await rm(folder, { recursive: true });
  }
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
