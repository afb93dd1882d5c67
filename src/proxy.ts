import { parseArgs } from 'node:util';
import { ConfigError } from './config.ts';
import { BIND, haproxyConfig } from './http/haproxy.ts';
import { proxiedNodes, proxiedPlaces } from './nodes.ts';

/**
 * `npm run proxy -- --nodes 4 [--bind ':443 ssl crt FILE']`: writes a configuration of HAProxy for nodes of these settings.
 * `-- --at node-1,node-2 [--nameserver 10.0.0.2:53]`: for nodes of machines or containers by these names.
 */
const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '1' },
    at: { type: 'string' },
    bind: { type: 'string', default: BIND },
    nameserver: { type: 'string' },
  },
});
try {
  const { nodes, at, bind, nameserver } = values;
  const proxied = at === undefined ? proxiedNodes(process.env, Number(nodes)) : proxiedPlaces(process.env, at);
  process.stdout.write(haproxyConfig(proxied, bind, nameserver));
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
