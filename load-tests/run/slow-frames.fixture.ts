import uWS, { type TemplatedApp, type WebSocketBehavior } from 'uWebSockets.js';

/**
 * Loaded into a node by `--import`: every frame of a caller keeps the process busy for 5 ms, as a bad release would. Only
 * tests do this to a node; it has no such setting.
 */
const busyMs = 5;
const mediaEvent = Buffer.from('"event":"media"');
/** The event's name stands among the first fields. */
const searchedBytes = 64;

function keepBusy(): void {
  const untilMs = performance.now() + busyMs;
  while (performance.now() < untilMs);
}

const { App } = uWS;
uWS.App = (options): TemplatedApp => {
  const app = App(options);
  const ws = app.ws.bind(app);
  app.ws = <D>(path: string, behavior: WebSocketBehavior<D>): TemplatedApp =>
    ws(path, {
      ...behavior,
      message(socket, data, isBinary) {
        if (Buffer.from(data, 0, Math.min(searchedBytes, data.byteLength)).includes(mediaEvent)) keepBusy();
        return behavior.message?.(socket, data, isBinary);
      },
    });
  return app;
};
