/** A list that others change too: shown anew when it has changed, unless somebody is in the middle of something in it. */

const list = document.getElementById('desk-list');
const news = document.getElementById('news');

const isBusy = () =>
  [...list.querySelectorAll('audio')].some((sound) => !sound.paused) || list.contains(document.activeElement);

async function refresh() {
  if (isBusy()) {
    news.hidden = false;
    return;
  }
  const answer = await fetch(list.dataset.refresh, { headers: { 'hx-request': 'true' } }).catch(() => null);
  if (!answer?.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  const fresh = page.getElementById('desk-list');
  if (!fresh || isBusy()) return;
  list.innerHTML = fresh.innerHTML;
  const summary = document.getElementById('desk-summary');
  summary.textContent = page.getElementById('desk-summary')?.textContent ?? summary.textContent;
  news.hidden = true;
}

/** The first event tells how it stands, which the page shows already. */
let isFirst = true;
new MutationObserver(() => {
  if (!isFirst) void refresh();
  isFirst = false;
}).observe(document.getElementById('desk-state'), { childList: true, characterData: true, subtree: true });
