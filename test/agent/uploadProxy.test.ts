import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { bucketServer, uploadedFiles, writeSecret } from '../support/agent/bucket.ts';
import { useAgents } from '../support/agent/fixture.ts';

const { folder, network, start } = useAgents();

/** Starts an HTTP proxy in the network's world at port 3128. @returns the requests that it got */
async function startProxy(): Promise<readonly string[]> {
  const program = `
    import { createServer, request } from 'node:http';
    createServer((asked, answer) => {
      console.log(asked.method + ' ' + asked.url);
      const { method, headers, url } = asked;
      asked.pipe(request(url, { method, headers }, (said) => {
        answer.writeHead(said.statusCode, said.headers);
        said.pipe(answer);
      }));
    }).listen(3128, '10.99.0.1', () => console.log('listens'));`;
  const argv = [...network().enterWorld, process.execPath, '--input-type=module', '--eval', program];
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...argv], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const asked: string[] = [];
  child.stdout.on('data', (text: Buffer) => asked.push(...text.toString().trim().split('\n')));
  await once(child.stdout, 'data');
  return asked;
}

describe("the release's proxy for uploads", () => {
  test.each([
    ['is used', {}, '', true],
    ['is not used for what it leaves out', { PACKET_CAPTURE_UPLOAD_NO_PROXY: '.corp,10.99.0.0/24' }, '', false],
    ["gives way to the Secret's", {}, 'http://10.99.0.1:3128', true],
  ])('%s', async (_, more, own, uses) => {
    const asked = await startProxy();
    const [objects, secret] = [await folder(), await folder()];
    const server = bucketServer(inject('bucketServer'), network(), objects);
    await server.makeBucket('captures');
    await server.start();
    await writeSecret(secret);
    // If the Secret names another proxy, nothing listens at the release's.
    if (own !== '') await writeFile(join(secret, 'proxy'), own, { mode: 0o644 });
    const proxy = own === '' ? 'http://10.99.0.1:3128' : 'http://10.99.0.1:9';
    const environment = { PACKET_CAPTURE_UPLOAD_PROXY: proxy, ...more };
    const agent = await start({
      environment,
      secret,
      settings: { filter: 'udp', rotate: '1s', upload: 's3:captures' },
    });
    await agent.next('started');
    await network().send({ count: 5 });
    await agent.next('uploaded');
    await agent.stop();
    await server.stop();
    const uploaded = await uploadedFiles(join(objects, 'captures'));
    expect(uploaded.reduce((sum, { json }) => sum + Number(json['packets']), 0)).toBe(5);
    expect(asked.some((line) => line.startsWith('PUT http://10.99.0.1:7070/captures/'))).toBe(uses);
  });
});
