export { execInPod, outputInPod, type ExecTarget } from './exec.ts';
export {
  findPods,
  checkPodTarget,
  type BarePod,
  type CapturedPod,
  type FoundPods,
  type PodName,
  type PodTarget,
} from './findPods.ts';
export { ownSettingsReader } from './ownSettings.ts';
export { dueOrders, setInPod, type AgentOrders } from './setInPod.ts';
export { readAgentStatus } from './readAgentStatus.ts';
export { findTargetPods } from './readTarget.ts';
export { readStatus, type PodStatus, type StatusResult } from './readStatus.ts';
export { formatStatus } from './statusTable.ts';
export { checkPersistable, persistSettings, type PersistOptions } from './persist.ts';
export { updatePods, type UpdatedPod, type UpdatePodsOptions, type UpdatePodsResult } from './updatePods.ts';
export { thisMoment, type Moment } from './agentClock.ts';
export { clockText, windowOfPod, type PodWindow, type WindowEnd, type WindowRequest } from './timeWindow.ts';
