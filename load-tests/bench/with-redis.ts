import { connectRedis, type RedisLink } from '../../src/directory/redis.ts';
import { startRedis } from '../../src/embedded/redis.ts';

/** Gives the work a Redis of its own, alone and empty, and its process id; ends it afterwards. */
export async function withRedis<T>(work: (link: RedisLink, pid: number) => Promise<T>): Promise<T> {
  const server = await startRedis();
  try {
    const link = await connectRedis(server.url);
    try {
      return await work(link, server.pid);
    } finally {
      await link.close();
    }
  } finally {
    await server.stop();
  }
}
