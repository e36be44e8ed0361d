/**
 * The namespaces in which Kubernetes itself runs. No way of injection adds the sidecar there, and no value changes
 * that: see "Do not inject into system namespaces" in Kubernetes' good practices for admission webhooks.
 */
export const systemNamespaces: readonly string[] = ['kube-system', 'kube-node-lease'];

/**
 * The namespace that everybody may read (the cluster-info ConfigMap of kubeadm). Only the chart's default excludes it.
 */
export const publicNamespace = 'kube-public';
