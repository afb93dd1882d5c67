/**
 * What goes on, while the page is looked at: one line to the server for everything that the page shows.
 *
 * `data-event="NAME"`: the element's content is what the event brings. `data-event-rows="NAME"`: the event brings rows
 * with ids, which take the place of those there were; `data-gone` removes one, and where they stand within `data-all`
 * whatever is not among them is gone. Rows are kept by `data-order`, greatest first.
 */
const RETRY_MS = [1_000, 2_000, 5_000, 15_000];
/** A page that is not looked at hangs up after so long: browsers have few lines to one host. */
const HIDDEN_MS = 20_000;
const root = document.documentElement;

let source = null;
let failures = 0;
let retry = 0;
let hidden = 0;
let isOver = false;

function names() {
  const found = new Set();
  for (const element of document.querySelectorAll('[data-event]')) found.add(element.dataset.event);
  for (const element of document.querySelectorAll('[data-event-rows]')) found.add(element.dataset.eventRows);
  return [...found].toSorted((left, right) => left.localeCompare(right));
}

function say(state) {
  root.dataset.live = state;
  for (const element of document.querySelectorAll('[data-live-state]')) {
    const words = element.dataset[state];
    if (element.textContent !== words) element.textContent = words ?? '';
  }
}

function connect() {
  clearTimeout(retry);
  const on = names();
  if (source || isOver || on.length === 0 || document.hidden) return;
  source = new EventSource(`/admin/events?on=${on.map(encodeURIComponent).join(',')}`);
  source.on = on.join();
  source.addEventListener('open', () => {
    failures = 0;
    say('on');
  });
  source.addEventListener('error', () => again());
  source.addEventListener('over', ({ data }) => {
    isOver = data === 'signed-out';
    if (isOver) close('signedOut');
    else again();
  });
  for (const name of on) source.addEventListener(name, ({ data }) => shown(name, data));
}

function close(state) {
  source?.close();
  source = null;
  say(state);
}

function again() {
  close('off');
  retry = setTimeout(connect, RETRY_MS[Math.min(failures, RETRY_MS.length - 1)]);
  failures += 1;
}

function shown(name, data) {
  performance.mark('live-begin');
  for (const element of document.querySelectorAll(`[data-event="${CSS.escape(name)}"]`)) replace(element, data);
  for (const element of document.querySelectorAll(`[data-event-rows="${CSS.escape(name)}"]`)) rows(element, data);
  performance.measure('live-update', 'live-begin');
}

/** Whoever is at work in it is not disturbed: what is open stays open, and what is chosen keeps the focus. */
function replace(element, data) {
  if (element.lastData === data) return;
  element.lastData = data;
  const open = [...element.querySelectorAll('details[open][id]')].map(({ id }) => id);
  const focused = element.contains(document.activeElement) ? document.activeElement?.id : '';
  element.innerHTML = data;
  for (const id of open) document.getElementById(id)?.setAttribute('open', '');
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  window.htmx?.process(element);
  element.dispatchEvent(new CustomEvent('live:shown', { bubbles: true }));
}

function rows(list, data) {
  const template = document.createElement('template');
  template.innerHTML = data;
  const all = template.content.querySelector('[data-all]');
  const given = all ? all.children : template.content.children;
  const kept = new Set();
  for (const row of [...given]) {
    kept.add(row.id);
    const known = document.getElementById(row.id);
    if (row.hasAttribute('data-gone')) known?.remove();
    else if (!known) insert(list, row);
    else if (!known.isEqualNode(row)) exchange(known, row);
  }
  if (all) for (const row of [...list.children]) if (!kept.has(row.id)) row.remove();
  list.dispatchEvent(new CustomEvent('live:shown', { bubbles: true }));
}

function insert(list, row) {
  const order = Number(row.dataset.order);
  for (const other of list.children) if (Number(other.dataset.order) <= order) return other.before(row);
  list.append(row);
}

function exchange(known, row) {
  const hadFocus = known.contains(document.activeElement);
  row.hidden = known.hidden;
  known.replaceWith(row);
  if (hadFocus) row.querySelector('a, button')?.focus({ preventScroll: true });
}

document.addEventListener('visibilitychange', () => {
  clearTimeout(hidden);
  if (document.hidden) hidden = setTimeout(() => close('off'), HIDDEN_MS);
  else connect();
});
// A page that is left for good must not hold its line, one that comes back wants it again.
window.addEventListener('pagehide', () => close('off'));
window.addEventListener('pageshow', connect);
// htmx has put something else on the page.
document.addEventListener('htmx:afterSettle', () => {
  if (source && source.on === names().join()) return;
  if (source) close('off');
  connect();
});
connect();
