import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { stderrProgress } from '../../scripts/cluster/progress.ts';
import { ensureBucketServer } from '../../scripts/cluster/tools.ts';
import { readStatus } from '../support/agent/agentFiles.ts';
import { bucketServer, uploadedFiles, writeSecret } from '../support/agent/bucket.ts';
import { countPackets, packetNumbers } from '../support/agent/captureFile.ts';
import { useAgents } from '../support/agent/fixture.ts';
import { agentRootfs } from '../support/agent/rootfs.ts';
import { until } from '../support/agent/until.ts';

const { folder, network, start } = useAgents();
let [root, program] = ['', ''];

beforeAll(async () => {
  root = await agentRootfs(stderrProgress);
  program = await ensureBucketServer(stderrProgress);
}, 1_800_000);

describe('upload', () => {
  test('while the server is killed and started again, 200 files and more are uploaded: every packet is in the bucket once', async () => {
    const [objects, secret, captures] = [await folder(), await folder(), await folder()];
    const server = bucketServer(program, network(), objects);
    await server.makeBucket('captures');
    await server.start();
    await writeSecret(secret);
    const agent = await start({
      root,
      captures,
      secret,
      settings: {
        filter: 'udp port 9999',
        'file-size': '1Mi',
        'file-count': '250',
        rotate: '10s',
        'buffer-size': '16Mi',
        upload: 's3:captures/long',
      },
    });
    await agent.next('started');
    const perRound = 20_000;
    for (let round = 0; round < 10; round += 1) {
      if (round === 2 || round === 6) await server.stop();
      if (round === 4 || round === 7) await server.start();
      await network().send({ count: perRound, first: round * perRound, size: 1000, perSecond: 2000 });
    }
    // All but the file that is open.
    await sleep(15_000);
    const isEmpty = async (): Promise<boolean> =>
      ((await readStatus(captures))?.['upload'] as { pending: number } | undefined)?.pending === 0;
    await until('end of the backlog', isEmpty, { milliseconds: 600_000 });
    expect(await agent.stop()).toMatchObject({ code: 0 });
    await server.stop();
    expect(agent.events.at(-1)).toMatchObject({ event: 'stopped', packets: 10 * perRound, dropped: 0 });
    const kinds = agent.events.map(({ event }) => event);
    expect(kinds).toContain('upload failed');
    expect(kinds).not.toContain('upload lost');

    const uploaded = await uploadedFiles(join(objects, 'captures'));
    console.log(
      `${uploaded.length} files, ${kinds.filter((kind) => kind === 'uploaded').length} goes, ${kinds.filter((kind) => kind === 'upload failed').length} failed`,
    );
    expect(uploaded.length).toBeGreaterThanOrEqual(200);
    expect(uploaded.every(({ json, sha256 }) => json['sha256'] === sha256)).toBe(true);
    const numbers: number[] = [];
    for (const { path, json } of uploaded) {
      expect(await countPackets(path)).toBe(json['packets']);
      numbers.push(...(await packetNumbers(path)));
    }
    expect(numbers.length).toBe(10 * perRound);
    expect(new Set(numbers).size).toBe(10 * perRound);
    expect(numbers.every((number) => number >= 0 && number < 10 * perRound)).toBe(true);
  });
});
