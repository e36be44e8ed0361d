import { skipReasons, type SkipReason } from '../../inject/index.ts';

/** Why no agent is attached to a pod, beside the reasons of the other ways: codes for programs, one clause each. */
const ownReasons = {
  pod_pending: 'no container of it runs yet, so there is nothing to attach to',
  pod_ended: 'it has ended',
  pod_terminating: 'it is being deleted',
  ephemeral_storage: 'its containers limit ephemeral-storage, so the files could get it evicted',
  memory_short: 'its memory limit leaves too little for an agent, so the kernel could kill the app',
} as const;

/** A reason of the other ways that has other words here: they speak of an init container. */
const ownWords: Partial<Record<SkipReason, string>> = {
  virtual_node: 'it may run on a virtual node, which starts no ephemeral containers',
  name_collision: 'it has a container of the same name that is not ours',
};

/** All reasons for which a pod is left alone, each as one clause about the pod. `attach --json` prints the codes. */
export const attachReasons = { ...skipReasons, ...ownWords, ...ownReasons } as const satisfies Record<string, string>;

/** The reasons that only this way has, for the documentation. */
export const onlyAttachReasons = ownReasons;

/** A code of the table. */
export type AttachReason = SkipReason | keyof typeof ownReasons;
