import { Option, type Command } from 'commander';
import { servingDays } from '../../certificates/lifetimes.ts';
import { print, printData, printJson, say } from '../io/output.ts';
import type { InspectFlags } from './certs/certsInspect.ts';
import type { NewFlags } from './certs/certsNew.ts';
import type { CertsConsole } from './certs/certsOutput.ts';
import type { RotateFlags } from './certs/certsRotate.ts';

/** `certs new | inspect | rotate`: the certificates of the webhook. */
export function addCerts(program: Command): void {
  const certs = program.command('certs').description("the webhook's CA and serving certificate").helpCommand(false);
  addNew(certs);
  addInspect(certs);
  addRotate(certs);
}

function addNew(certs: Command): void {
  certs
    .command('new')
    .description('make a CA and a serving certificate')
    .requiredOption('--service <NAME>', "the injector's Service")
    .requiredOption('-n, --namespace <NAMESPACE>', "the Service's namespace")
    .option('--out <DIR>', 'write ca.crt, tls.crt and tls.key to this folder')
    .option('--days <N>', `how long the serving certificate is valid (default ${servingDays})`)
    .option('--force', 'replace existing files')
    .option('--ca-cert <FILE>', 'sign with this CA instead of a new one; RSA')
    .option('--ca-key <FILE>', "the CA's private key")
    .addOption(valuesOption())
    .action(async (flags: NewFlags) => {
      const { newCertificates } = await import('./certs/certsNew.ts');
      await newCertificates(flags, certsConsole());
    });
}

function addInspect(certs: Command): void {
  certs
    .command('inspect')
    .description('show certificates and what is wrong with them; exit code 1 if something is wrong')
    .argument('<FILE|DIR...>', 'PEM files, or a folder with ca.crt, tls.crt and tls.key')
    .option('--service <NAME>', 'check that the certificate is for this Service')
    .option('-n, --namespace <NAMESPACE>', "the Service's namespace")
    .addOption(new Option('-o, --output <FORMAT>', 'json: for programs').choices(['json']))
    .action(async (paths: string[], flags: InspectFlags) => {
      const { inspectCertificates } = await import('./certs/certsInspect.ts');
      if (!(await inspectCertificates(paths, flags, certsConsole()))) process.exitCode = 1;
    });
}

function addRotate(certs: Command): void {
  certs
    .command('rotate')
    .description('take the next of three steps to a new CA and certificate; roll out each step before the next')
    .argument('<DIR>', 'the folder that `certs new --out` wrote')
    .option('--days <N>', `how long the new serving certificate is valid (default ${servingDays})`)
    .addOption(valuesOption())
    .action(async (folder: string, flags: RotateFlags) => {
      const { rotateCertificates } = await import('./certs/certsRotate.ts');
      await rotateCertificates(folder, flags, certsConsole());
    });
}

function valuesOption(): Option {
  const text = "print the chart's values, with the private key, to standard output";
  return new Option('-o, --output <FORMAT>', text).choices(['json', 'yaml']);
}

function certsConsole(): CertsConsole {
  return { now: new Date(), print, printData, printJson, report: say };
}
