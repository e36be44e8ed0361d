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
    .description('ask a running injector as the API server does: is it ready, does it inject?')
    .requiredOption('--host <NAME>', 'SERVICE.NAMESPACE.svc: what its certificate must say')
    .requiredOption('--ca <FILE>', 'the CA that the API server trusts')
    .option('--connect <ADDRESS>', 'where to connect to, for clusters without DNS (default: the host)')
    .option('--port <PORT>', 'of the Service', '443')
    .option('--annotation <KEY>', 'by which a pod asks for injection', injectAnnotation)
    .option('--demands-client-certificate', 'it is to refuse reviews without one: see that it does')
    .action(async ({ host, ca, connect = host, port, annotation, demandsClientCertificate = false }: CheckFlags) => {
      const number = /^\d{1,5}$/.test(port) ? Number(port) : 0;
      if (number < 1 || number > 65_535) throw codedError('USAGE', `"${port}" is no port`, { where: '--port' });
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
