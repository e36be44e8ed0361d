import { expect, test } from 'vitest';
import { articleDeployment } from '../support/article.ts';
import { useCommandFolder } from '../support/commands/commandFolder.ts';

const { packetCapture, put, read } = useCommandFolder();

// Each test starts the program, so they run concurrently.

test.concurrent('--kind, --name and --selector select workloads, and --template-path adds a kind', async () => {
  await put(
    'choice.yaml',
    `${articleDeployment}---\napiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w, labels: {app: w}}\nspec: {pod: {spec: {containers: [{name: a, image: a}]}}}\n`,
  );
  const report = async (...flags: readonly string[]): Promise<string> =>
    (await packetCapture(['inject', '-f', 'choice.yaml', '--dry-run', ...flags])).stderr;
  const widget = '--template-path=example.com/Widget=spec.pod';
  const sum = '1 injected, 0 skipped, 1 not selected\n';
  const [deployment, other] = [
    `injected deployment/nginx-deployment (choice.yaml:1)\n${sum}`,
    new RegExp(`^injected widget/w \\(choice.yaml:\\d+\\)\n${sum}warning: Widget .*\n$`),
  ];
  expect(await report('--kind', 'deploy', widget)).toBe(deployment);
  expect(await report('--kind', 'widget', widget)).toMatch(other);
  expect(await report('-l', 'app=w', widget)).toMatch(other);
  expect(await report('--template-path=Widget=spec.pod')).toContain('2 injected, 0 skipped\n');
  expect(await report('--name', 'w', '--name', 'nginx-deployment', widget)).toContain('2 injected, 0 skipped\n');
  expect(await report(widget)).toContain('2 injected, 0 skipped\n');
});

test.concurrent('a selection without a match is a warning, or with --require-injection an error that writes nothing', async () => {
  await put('chosen.yaml', articleDeployment);
  const run = async (...flags: readonly string[]): ReturnType<typeof packetCapture> =>
    packetCapture(['inject', '-f', 'chosen.yaml', '--in-place', ...flags]);
  const nothing = 'warning: 0 of 1 workloads in the input are selected: check --kind and -l\n';
  for (const flags of [
    ['-l', 'app=other'],
    ['--kind', 'sts'],
  ]) {
    const lenient = await run(...flags);
    expect([lenient.exitCode, lenient.stderr]).toEqual([0, `0 injected, 0 skipped, 1 not selected\n${nothing}`]);
    const strict = await run(...flags, '--require-injection');
    expect([strict.exitCode, strict.stderr.split('\n')[0]]).toEqual([
      1,
      'error NOT_INJECTED: 0 of 1 workloads in the input are selected: check --kind and -l',
    ]);
  }
  const path = await run('--template-path', 'example.org/Widget=spec.pod', '--dry-run');
  expect([path.exitCode, path.stderr.split('\n').at(-2)]).toEqual([
    0,
    'warning: --template-path example.org/Widget=spec.pod: the input has no object of this kind',
  ]);
  expect(await read('chosen.yaml')).toBe(articleDeployment);
});

test.concurrent('with --require-injection a skip is an error with its reason, and nothing is written', async () => {
  const host = `${articleDeployment}---\n${articleDeployment.replace('name: nginx-deployment', 'name: host').replace(/^( *)containers:/m, '$1hostNetwork: true\n$1containers:')}`;
  for (const more of [[], ['-o', 'json'], ['-o', 'patch'], ['--dry-run']]) {
    const { exitCode, stdout, stderr } = await packetCapture(
      ['inject', '-f', '-', '--require-injection', ...more],
      host,
    );
    expect([exitCode, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(
      /^error NOT_INJECTED: 1 of 2 workloads would not be injected\n {2}deployment\/host \(-:\d+\): host_network: /,
    );
  }
  expect(
    await packetCapture(['inject', '-f', '-', '--require-injection', '--name', 'nginx-deployment'], host),
  ).toMatchObject({ exitCode: 0 });
  const { stdout } = await packetCapture(['inject', '-f', '-', '--require-injection'], articleDeployment);
  expect(await packetCapture(['inject', '-f', '-', '--require-injection'], stdout)).toMatchObject({
    exitCode: 0,
    stdout,
  });
});

test.concurrent('uninject accepts the same selection', async () => {
  const two = `${articleDeployment}---\n${articleDeployment.replace('name: nginx-deployment', 'name: second')}`;
  const { stdout } = await packetCapture(['inject', '-f', '-'], two);
  const back = await packetCapture(['uninject', '-f', '-', '--name', 'second'], stdout);
  expect(back.stdout).toBe(`${stdout.split('---\n')[0]}---\n${two.split('---\n')[1]}`);
});
