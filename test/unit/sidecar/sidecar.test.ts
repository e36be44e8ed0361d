import { describe, expect, test } from 'vitest';
import { settings } from '../../../src/settings/index.ts';
import { defaultSidecarConfig, formatStatus, makeSidecar, parseStatus } from '../../../src/sidecar/index.ts';

const options = { config: defaultSidecarConfig, profile: 'privileged', guaranteed: false, podSettings: {} } as const;

test('the sidecar has exactly these fields', () => {
  expect(makeSidecar(options)).toMatchInlineSnapshot(`
    {
      "container": {
        "env": [
          {
            "name": "POD_NAMESPACE",
            "valueFrom": {
              "fieldRef": {
                "fieldPath": "metadata.namespace",
              },
            },
          },
          {
            "name": "POD_NAME",
            "valueFrom": {
              "fieldRef": {
                "fieldPath": "metadata.name",
              },
            },
          },
          {
            "name": "NODE_NAME",
            "valueFrom": {
              "fieldRef": {
                "fieldPath": "spec.nodeName",
              },
            },
          },
          {
            "name": "PACKET_CAPTURE_SIZE_LIMIT",
            "value": "224Mi",
          },
        ],
        "image": "registry.invalid/packet-capture/agent:0.1.0",
        "imagePullPolicy": "IfNotPresent",
        "name": "packet-capture",
        "resources": {
          "limits": {
            "cpu": "250m",
            "memory": "64Mi",
          },
          "requests": {
            "cpu": "10m",
            "memory": "16Mi",
          },
        },
        "restartPolicy": "Always",
        "securityContext": {
          "allowPrivilegeEscalation": false,
          "capabilities": {
            "add": [
              "NET_RAW",
            ],
            "drop": [
              "ALL",
            ],
          },
          "readOnlyRootFilesystem": true,
          "runAsGroup": 60947,
          "runAsNonRoot": true,
          "runAsUser": 60947,
          "seccompProfile": {
            "type": "RuntimeDefault",
          },
        },
        "volumeMounts": [
          {
            "mountPath": "/captures",
            "name": "packet-capture-files",
          },
          {
            "mountPath": "/etc/packet-capture/settings",
            "name": "packet-capture-settings",
            "readOnly": true,
          },
          {
            "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
            "name": "packet-capture-no-token",
            "readOnly": true,
          },
          {
            "mountPath": "/etc/packet-capture/upload",
            "name": "packet-capture-upload",
            "readOnly": true,
          },
        ],
      },
      "mirror": undefined,
      "volumes": [
        {
          "emptyDir": {
            "sizeLimit": "224Mi",
          },
          "name": "packet-capture-files",
        },
        {
          "downwardAPI": {
            "items": [
              {
                "fieldRef": {
                  "fieldPath": "metadata.annotations['packet-capture/state']",
                },
                "path": "state",
              },
              {
                "fieldRef": {
                  "fieldPath": "metadata.annotations['packet-capture/filter']",
                },
                "path": "filter",
              },
              {
                "fieldRef": {
                  "fieldPath": "metadata.annotations['packet-capture/interfaces']",
                },
                "path": "interfaces",
              },
              {
                "fieldRef": {
                  "fieldPath": "metadata.annotations['packet-capture/snaplen']",
                },
                "path": "snaplen",
              },
              {
                "fieldRef": {
                  "fieldPath": "metadata.annotations['packet-capture/file-size']",
                },
                "path": "file-size",
              },
              {
                "fieldRef": {
                  "fieldPath": "metadata.annotations['packet-capture/file-count']",
                },
                "path": "file-count",
              },
              {
                "fieldRef": {
                  "fieldPath": "metadata.annotations['packet-capture/rotate']",
                },
                "path": "rotate",
              },
              {
                "fieldRef": {
                  "fieldPath": "metadata.annotations['packet-capture/duration']",
                },
                "path": "duration",
              },
              {
                "fieldRef": {
                  "fieldPath": "metadata.annotations['packet-capture/packet-count']",
                },
                "path": "packet-count",
              },
              {
                "fieldRef": {
                  "fieldPath": "metadata.annotations['packet-capture/buffer-size']",
                },
                "path": "buffer-size",
              },
              {
                "fieldRef": {
                  "fieldPath": "metadata.annotations['packet-capture/upload']",
                },
                "path": "upload",
              },
              {
                "fieldRef": {
                  "fieldPath": "metadata.annotations['packet-capture/stream']",
                },
                "path": "stream",
              },
              {
                "fieldRef": {
                  "fieldPath": "metadata.annotations['packet-capture/mirror']",
                },
                "path": "mirror",
              },
              {
                "fieldRef": {
                  "fieldPath": "metadata.annotations['packet-capture/keep']",
                },
                "path": "keep",
              },
              {
                "fieldRef": {
                  "fieldPath": "metadata.annotations['packet-capture/keep-size']",
                },
                "path": "keep-size",
              },
              {
                "fieldRef": {
                  "fieldPath": "metadata.annotations['packet-capture/keep-on-exit']",
                },
                "path": "keep-on-exit",
              },
              {
                "fieldRef": {
                  "fieldPath": "metadata.annotations['packet-capture/keep-port']",
                },
                "path": "keep-port",
              },
              {
                "fieldRef": {
                  "fieldPath": "metadata.labels",
                },
                "path": "labels",
              },
            ],
          },
          "name": "packet-capture-settings",
        },
        {
          "emptyDir": {},
          "name": "packet-capture-no-token",
        },
        {
          "name": "packet-capture-upload",
          "projected": {
            "sources": [
              {
                "secret": {
                  "name": "packet-capture-upload",
                  "optional": true,
                },
              },
            ],
          },
        },
      ],
    }
  `);
});

describe('the sidecar depends on the pod and the configuration:', () => {
  test('in baseline it has no capabilities block, because that level forbids NET_RAW', () => {
    const { container } = makeSidecar({ ...options, profile: 'baseline' });
    expect(container['securityContext']).not.toHaveProperty('capabilities');
    expect(container['securityContext']).toMatchObject({ runAsNonRoot: true, allowPrivilegeEscalation: false });
  });

  test('in a Guaranteed pod requests equal limits', () => {
    const { resources } = makeSidecar({ ...options, guaranteed: true }).container;
    expect(resources?.requests).toEqual(resources?.limits);
    expect(resources?.limits).toEqual({ cpu: '250m', memory: '64Mi' });
  });

  test('in a pod with pod-level resources it requests none', () => {
    expect(makeSidecar({ ...options, guaranteed: true, podResources: true }).container.resources).toEqual({});
  });

  test('the size of the volume follows the ring in the annotations, and the agent gets it in its environment', () => {
    const { container, volumes } = makeSidecar({ ...options, podSettings: { 'file-size': '64Mi', 'file-count': '3' } });
    expect(volumes[0]).toMatchObject({ emptyDir: { sizeLimit: '336Mi' } });
    expect(container['env']).toContainEqual({ name: 'PACKET_CAPTURE_SIZE_LIMIT', value: '336Mi' });
  });

  test('an empty annotation means the default', () => {
    const config = { ...defaultSidecarConfig, settings: { 'file-size': '64Mi' } };
    const { volumes } = makeSidecar({ ...options, config, podSettings: { 'file-size': '' } });
    expect(volumes[0]).toMatchObject({ emptyDir: { sizeLimit: '656Mi' } });
  });

  test('the environment contains the default settings', () => {
    const config = { ...defaultSidecarConfig, settings: { filter: 'port 80', 'file-count': '2' } };
    const { container } = makeSidecar({ ...options, config });
    expect(container['env']).toContainEqual({ name: 'PACKET_CAPTURE_FILTER', value: 'port 80' });
    expect(container['env']).toContainEqual({ name: 'PACKET_CAPTURE_FILE_COUNT', value: '2' });
  });
});

test('the settings volume has a file for each setting, and one for the labels', () => {
  const [, volume] = makeSidecar(options).volumes;
  const items = settings.map(({ name }) => ({
    path: name,
    fieldRef: { fieldPath: `metadata.annotations['packet-capture/${name}']` },
  }));
  const labels = { path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } };
  expect(volume).toEqual({ name: 'packet-capture-settings', downwardAPI: { items: [...items, labels] } });
});

describe('the status', () => {
  test('can be read after it was written', () => {
    const status = { containers: ['packet-capture'], volumes: ['a', 'b'], annotations: ['packet-capture/filter'] };
    expect(parseStatus(formatStatus(status))).toEqual({ version: '0.1.0', ...status });
  });

  test.each([
    undefined,
    '',
    'injected',
    '{}',
    '[]',
    'null',
    '{"version":1,"containers":[],"volumes":[]}',
    '{"version":"1","containers":[1],"volumes":[]}',
  ])('is not read from %j', (text) => {
    expect(parseStatus(text)).toBeUndefined();
  });
});
