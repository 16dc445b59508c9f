// The only script of the pages: every few seconds it asks for the page again and changes what is different. What stays
// is the same element as before, so focus, scrolling, selections, open <details> and what was typed stay too.
// Runs in the browser, as it stands.

export const REFRESH_SCRIPT = `'use strict';
(() => {
  const main = document.getElementById('main');
  const connection = document.getElementById('connection');
  const seconds = () => Number(main.dataset.refreshSeconds) || 10;
  let timer;

  const isOpenState = (element, name) => element.localName === 'details' && name === 'open';

  function become(now, next) {
    if (now.nodeType !== next.nodeType || now.nodeName !== next.nodeName || now.id !== next.id) {
      now.replaceWith(next);
      return;
    }
    if (now.nodeType !== Node.ELEMENT_NODE) {
      if (now.nodeValue !== next.nodeValue) now.nodeValue = next.nodeValue;
      return;
    }
    for (const { name, value } of next.attributes) {
      if (now.getAttribute(name) !== value && !isOpenState(now, name)) now.setAttribute(name, value);
    }
    for (const { name } of [...now.attributes]) {
      if (!next.hasAttribute(name) && !isOpenState(now, name)) now.removeAttribute(name);
    }
    becomeInside(now, next);
  }

  // Elements with an id stay themselves when others come or go before them.
  function becomeInside(now, next) {
    let at = now.firstChild;
    for (const child of [...next.childNodes]) {
      const known = child.id ? [...now.children].find(({ id }) => id === child.id) : undefined;
      if (known === undefined && (child.id || !at || at.id)) {
        now.insertBefore(child, at);
        continue;
      }
      while (known !== undefined && at !== null && at !== known) {
        const gone = at;
        at = at.nextSibling;
        gone.remove();
      }
      if (at === null) {
        now.append(child);
        continue;
      }
      const following = at.nextSibling;
      become(at, child);
      at = following;
    }
    while (at !== null) {
      const gone = at;
      at = at.nextSibling;
      gone.remove();
    }
  }

  async function refresh() {
    clearTimeout(timer);
    if (document.hidden) return;
    try {
      const answer = await fetch(location.href, { headers: { accept: 'text/html' }, cache: 'no-store' });
      if (answer.redirected) return location.reload();
      if (!answer.ok) throw new Error(String(answer.status));
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
      const next = page.getElementById('main');
      if (next !== null) {
        // The message is about the click before this page, and is read once.
        const message = main.querySelector(':scope > .message');
        if (message === null) next.querySelector(':scope > .message')?.remove();
        become(main, next);
      }
      connection.textContent = '';
    } catch {
      connection.textContent = ' · the worker does not answer, trying again';
    }
    timer = setTimeout(refresh, seconds() * 1000);
  }

  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) refresh();
  });
  timer = setTimeout(refresh, seconds() * 1000);
})();
`;
