import { ConfigError, readConfig } from './config.ts';
import { examine } from './doctor/examine.ts';
import { fault, type Finding, lineOf } from './doctor/finding.ts';

/**
 * `npm run doctor`: a deployment end to end, with the settings of a node: one line for each finding, with what to do.
 * Changes nothing and costs nothing. Exit code 1 where there is a fault; warnings alone are 0.
 */
const findings = await look();
for (const finding of findings) process.stdout.write(`${lineOf(finding)}\n`);
const count = (level: Finding['level']): number => findings.filter((finding) => finding.level === level).length;
process.stdout.write(`${count('fault')} faults, ${count('warning')} warnings, ${count('ok')} in order\n`);
process.exitCode = count('fault') > 0 ? 1 : 0;

async function look(): Promise<Finding[]> {
  try {
    return await examine(readConfig(process.env));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message.split('\n').map((line) => fault('settings', line, 'see .env.example'));
  }
}
