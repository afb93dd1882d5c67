/** The list of live calls: how long each lasts, and which of them are shown. */
const list = document.getElementById('live-list');
const tools = document.getElementById('live-tools');
const none = document.getElementById('live-none');
const find = document.getElementById('live-find');
const TICK_MS = 1_000;
/** This machine's clock may be another one than the server's. */
const skewMs = Number(list.dataset.now) - Date.now();
let show = 'all';

function lasts(sinceMs) {
  const seconds = Math.max(0, Math.floor((Date.now() + skewMs - sinceMs) / 1_000));
  const two = (value) => String(value).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  const rest = two(seconds % 60);
  return minutes < 60 ? `${minutes}:${rest}` : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${rest}`;
}

/** Only what is seen: of a thousand calls the others are not drawn. */
const seen = new Set();
const watcher = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (isIntersecting) {
      seen.add(target);
      tick(target);
    } else seen.delete(target);
  }
});

function tick(row) {
  const time = row.querySelector('.since');
  const text = lasts(Number(time.dataset.since));
  if (time.firstChild.data !== text) time.firstChild.data = text;
}

function isShown(row, words) {
  if (show === 'urgent' && row.dataset.urgent === undefined) return false;
  if (show !== 'all' && show !== 'urgent' && row.dataset.group !== show) return false;
  return words === '' || row.textContent.toLowerCase().includes(words);
}

function filter(rows) {
  const words = find.value.trim().toLowerCase();
  for (const row of rows) {
    const hidden = !isShown(row, words);
    if (row.hidden !== hidden) row.hidden = hidden;
  }
  // A row that is not shown is no sibling of those that are.
  none.hidden = list.querySelector(':scope > :not([hidden])') !== null;
}

new MutationObserver((changes) => {
  const added = [];
  for (const { addedNodes, removedNodes } of changes) {
    for (const row of removedNodes) {
      seen.delete(row);
      if (row instanceof Element) watcher.unobserve(row);
    }
    for (const row of addedNodes)
      if (row instanceof Element && row.isConnected) {
        added.push(row);
        watcher.observe(row);
      }
  }
  filter(added);
}).observe(list, { childList: true });
for (const row of list.children) watcher.observe(row);

setInterval(() => {
  if (!document.hidden) for (const row of seen) tick(row);
}, TICK_MS);

tools.hidden = false;
find.addEventListener('input', () => filter(list.children));
tools.addEventListener('click', ({ target }) => {
  const chip = target.closest('[data-show]');
  if (!chip) return;
  show = chip.dataset.show;
  for (const other of tools.querySelectorAll('[data-show]')) other.setAttribute('aria-pressed', String(other === chip));
  filter(list.children);
});
