/**
 * Environment variables of the sidecar, besides those of the settings and of the lists of what a release allows.
 * `npm run docs` writes them into the Go program too. The kubelet sets variables for the Services of the namespace
 * (`NAME_SERVICE_HOST`, `NAME_PORT`): no name of ours ends like these, so that no Service, for example
 * packet-capture-metrics, can set it.
 */
export const agentVariables = {
  /** The folder of the capture files. */
  files: 'PACKET_CAPTURE_DIR',
  /** The folder of the settings. */
  settings: 'PACKET_CAPTURE_SETTINGS_DIR',
  /** The size of the volume of the capture files, a quantity. */
  sizeLimit: 'PACKET_CAPTURE_SIZE_LIMIT',
  /** The largest buffer-size, a quantity. */
  bufferLimit: 'PACKET_CAPTURE_BUFFER_LIMIT',
  /** The address of the metrics, for example `:9464`. */
  metrics: 'PACKET_CAPTURE_METRICS_LISTEN',
  /** In the form of HTTPS_PROXY and NO_PROXY, for uploads alone. */
  uploadProxy: 'PACKET_CAPTURE_UPLOAD_PROXY',
  uploadNoProxy: 'PACKET_CAPTURE_UPLOAD_NO_PROXY',
} as const;
