import type { Command } from 'commander';
import { codedError } from '../../errors.ts';
import { injectAnnotation } from '../../settings/index.ts';
import { checkInjector } from '../../ways/webhook/askInjector.ts';
import { readText } from '../../ways/webhook/server/configuration.ts';
import { printJsonLine } from '../io/output.ts';

interface CheckFlags {
  readonly host: string;
  readonly ca: string;
  readonly connect?: string;
  readonly port: string;
  readonly annotation: string;
  readonly demandsClientCertificate?: boolean;
}

/** `check`: what `helm test` runs. */
export function addCheck(program: Command): void {
  program
    .command('check')
    .description('test a running injector as the API server calls it: whether it is ready and injects')
    .requiredOption('--host <NAME>', 'SERVICE.NAMESPACE.svc, the name that its certificate must have')
    .requiredOption('--ca <FILE>', 'the CA that the API server trusts')
    .option('--connect <ADDRESS>', 'the address to connect to, for clusters without DNS (default: the host)')
    .option('--port <PORT>', "the Service's port", '443')
    .option('--annotation <KEY>', 'the annotation by which a pod asks for injection', injectAnnotation)
    .option('--demands-client-certificate', 'check that it refuses reviews without a client certificate')
    .action(async ({ host, ca, connect = host, port, annotation, demandsClientCertificate = false }: CheckFlags) => {
      const number = /^\d{1,5}$/.test(port) ? Number(port) : 0;
      if (number < 1 || number > 65_535) throw codedError('USAGE', `"${port}" is not a port`, { where: '--port' });
      const { containers, milliseconds } = await checkInjector({
        host,
        ca: await readText(ca),
        connect,
        port: number,
        annotation,
        demandsClient: demandsClientCertificate,
      });
      const line = {
        time: new Date().toISOString(),
        event: 'checked',
        host,
        containers,
        milliseconds: Math.round(milliseconds * 10) / 10,
      };
      printJsonLine(line);
    });
}
