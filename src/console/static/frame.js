/** What every page of the console can do: the menu of a phone, questions before a form goes, a renewed sign-in. */

const byId = (id) => document.getElementById(id);

const button = byId('menu-button');
if (button) {
  const ways = byId('ways');
  const show = (isOpen) => {
    button.setAttribute('aria-expanded', String(isOpen));
    ways.classList.toggle('closed', !isOpen);
  };
  button.hidden = false;
  show(false);
  button.addEventListener('click', () => show(button.getAttribute('aria-expanded') !== 'true'));
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || button.getAttribute('aria-expanded') !== 'true') return;
    show(false);
    button.focus();
  });
}

/** A form (or one of its buttons) with `data-confirm="Question?"` asks first; `data-confirm-yes` names the answer. */
const dialog = byId('confirm');
let asked = null;
document.addEventListener(
  'submit',
  (event) => {
    const { target: form, submitter } = event;
    const source = submitter?.dataset.confirm ? submitter : form;
    if (!source.dataset.confirm) return;
    if (asked?.form === form && asked.isSure) {
      asked = null;
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    asked = { form, submitter, isSure: false };
    byId('confirm-question').textContent = source.dataset.confirm;
    byId('confirm-yes').textContent = source.dataset.confirmYes ?? submitter?.textContent.trim() ?? 'Yes';
    dialog.showModal();
  },
  true,
);
byId('confirm-no')?.addEventListener('click', () => dialog.close());
byId('confirm-yes')?.addEventListener('click', () => {
  dialog.close();
  if (!asked) return;
  asked.isSure = true;
  asked.form.requestSubmit(asked.submitter);
});
dialog?.addEventListener('close', () => {
  if (asked && !asked.isSure) asked = null;
});

/** Somebody signed in again in another tab: this page goes on with the new session. */
document.body.addEventListener('csrf', (event) => {
  const token = event.detail.value;
  document.body.setAttribute('hx-headers', JSON.stringify({ 'x-csrf-token': token }));
  for (const field of document.querySelectorAll('input[name="csrf"]')) field.value = token;
});
