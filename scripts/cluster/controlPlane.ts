import { join } from 'node:path';
import type { Programs } from './goBuild.ts';
import type { kubernetes } from './goModules.ts';
import { nodeAddress, podRange, serviceRange } from './machine.ts';
import type { ClusterHandle } from './paths.ts';

export const apiServerUrl = `https://${nodeAddress}:6443`;
const etcdUrl = 'http://127.0.0.1:2379';

/** Where the files of {@link writePki} and the kubeconfigs of the components are. */
export function pkiFolder(handle: ClusterHandle): string {
  return join(handle.stateDir, 'pki');
}

export function componentKubeconfig(
  handle: ClusterHandle,
  name: 'controller-manager' | 'scheduler' | 'kubelet' | 'kube-proxy',
): string {
  return join(handle.stateDir, `${name}.kubeconfig`);
}

/** Command lines of the control plane, in the order of their start. */
export function controlPlane(
  handle: ClusterHandle,
  programs: Programs<typeof kubernetes>,
): Readonly<Record<string, string[]>> {
  const pki = (file: string): string => join(pkiFolder(handle), file);
  return {
    etcd: [
      programs.etcd,
      `--data-dir=${join(handle.stateDir, 'etcd')}`,
      `--listen-client-urls=${etcdUrl}`,
      `--advertise-client-urls=${etcdUrl}`,
      // A node is thrown away, not recovered after a power cut.
      '--unsafe-no-fsync=true',
      '--log-level=warn',
    ],
    'kube-apiserver': [
      programs['kube-apiserver'],
      `--advertise-address=${nodeAddress}`,
      '--secure-port=6443',
      `--etcd-servers=${etcdUrl}`,
      `--service-cluster-ip-range=${serviceRange}`,
      `--client-ca-file=${pki('ca.crt')}`,
      `--tls-cert-file=${pki('apiserver.crt')}`,
      `--tls-private-key-file=${pki('apiserver.key')}`,
      `--cert-dir=${pkiFolder(handle)}`,
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${pki('service-account.key')}`,
      `--service-account-signing-key-file=${pki('service-account.key')}`,
      '--authorization-mode=Node,RBAC',
      '--allow-privileged=true',
      '--enable-admission-plugins=NodeRestriction',
      `--kubelet-client-certificate=${pki('apiserver-kubelet-client.crt')}`,
      `--kubelet-client-key=${pki('apiserver-kubelet-client.key')}`,
      `--kubelet-certificate-authority=${pki('ca.crt')}`,
      '--kubelet-preferred-address-types=InternalIP',
    ],
    'kube-controller-manager': [
      programs['kube-controller-manager'],
      `--kubeconfig=${componentKubeconfig(handle, 'controller-manager')}`,
      '--leader-elect=false',
      '--use-service-account-credentials',
      `--service-account-private-key-file=${pki('service-account.key')}`,
      `--root-ca-file=${pki('ca.crt')}`,
      `--cluster-signing-cert-file=${pki('ca.crt')}`,
      `--cluster-signing-key-file=${pki('ca.key')}`,
      `--cert-dir=${pkiFolder(handle)}`,
      `--service-cluster-ip-range=${serviceRange}`,
      `--cluster-cidr=${podRange}`,
      '--allocate-node-cidrs=true',
    ],
    'kube-scheduler': [
      programs['kube-scheduler'],
      `--kubeconfig=${componentKubeconfig(handle, 'scheduler')}`,
      '--leader-elect=false',
      `--cert-dir=${pkiFolder(handle)}`,
    ],
  };
}

/** A kubeconfig as plain data: one cluster, one user, one context named `name`. PEM texts are given as they are. */
export function kubeconfig(
  name: string,
  ca: string,
  user: { readonly key: string; readonly certificate: string },
): object {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server: apiServerUrl, 'certificate-authority-data': base64(ca) } }],
    users: [
      { name, user: { 'client-certificate-data': base64(user.certificate), 'client-key-data': base64(user.key) } },
    ],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  };
}
