import { parseArgs } from 'node:util';
import { ConfigError } from './config.ts';
import { BIND, haproxyConfig } from './http/haproxy.ts';
import { proxiedNodes } from './nodes.ts';

/** `npm run proxy -- --nodes 4 [--bind ':443 ssl crt FILE']`: writes a configuration of HAProxy for nodes of these settings. */
const { values } = parseArgs({
  options: { nodes: { type: 'string', default: '1' }, bind: { type: 'string', default: BIND } },
});
try {
  process.stdout.write(haproxyConfig(proxiedNodes(process.env, Number(values.nodes)), values.bind));
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
