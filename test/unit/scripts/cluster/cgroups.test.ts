import { describe, expect, test } from 'vitest';
import { parseHierarchies, trackingHierarchy } from '../../../../scripts/cluster/cgroups.ts';

const version2 = '30 23 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:4 - cgroup2 cgroup2 rw,nsdelegate';
const version1 = `25 24 0:23 / /dev/shm rw,relatime - tmpfs tmpfs rw,size=24682416k
40 23 0:35 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
41 40 0:36 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:7 master:1 - cgroup cgroup rw,cpu,cpuacct
42 40 0:37 / /sys/fs/cgroup/pids rw,relatime - cgroup none rw,pids
43 40 0:38 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,name=systemd
44 40 0:39 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
`;

describe('the mounted hierarchies', () => {
  test('of version 1 are one a controller, and version 2 beside them', () => {
    expect(parseHierarchies(version1)).toEqual([
      { path: '/sys/fs/cgroup/cpu,cpuacct', version: 1, controllers: ['cpu', 'cpuacct'] },
      { path: '/sys/fs/cgroup/pids', version: 1, controllers: ['pids'] },
      { path: '/sys/fs/cgroup/systemd', version: 1, controllers: ['xattr', 'name=systemd'] },
      { path: '/sys/fs/cgroup/unified', version: 2, controllers: [] },
    ]);
  });

  test('of version 2 are one', () => {
    expect(parseHierarchies(version2)).toEqual([{ path: '/sys/fs/cgroup', version: 2, controllers: [] }]);
  });
});

test('processes are told apart in pids, where it is, or else in version 2', () => {
  expect(trackingHierarchy(parseHierarchies(version1)).path).toBe('/sys/fs/cgroup/pids');
  expect(trackingHierarchy(parseHierarchies(version2)).path).toBe('/sys/fs/cgroup');
  expect(() => trackingHierarchy([])).toThrow(expect.objectContaining({ code: 'REQUIREMENT_MISSING' }));
});
