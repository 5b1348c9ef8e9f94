/* Keys that buttons show are carried out one after another: each is kept until what the one before it changed is on
   screen, so that whoever types fast decides on rows that were seen, and no press is lost. While a dialog is open, keys
   are its own and never those of the page behind it. Streamlit would act at once, on whatever is drawn at that moment. */
(() => {
  if (window.supremKeys) return;
  window.supremKeys = true;
  const DEAF = 10000; /* milliseconds after which a button that changes nothing is given up on */
  const waiting = [];
  let busy = false;

  const app = () => document.querySelector('[data-testid="stApp"]');
  const idle = () => app()?.dataset.testScriptState === "notRunning";
  const types = (node) =>
    node instanceof Element &&
    (node.isContentEditable ||
      node.matches('textarea, select, input:not([type="radio"]):not([type="checkbox"]):not([type="button"])'));

  const named = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return null;
    const key = event.key.length === 1 ? event.key.toUpperCase() : null;
    if (key === null || !/[A-Z0-9]/.test(key)) return null;
    return event.shiftKey && /[A-Z]/.test(key) ? `Shift + ${key}` : key;
  };

  const buttonOf = (name) => {
    const dialogs = document.querySelectorAll('[role="dialog"]');
    const place = dialogs.length ? dialogs[dialogs.length - 1] : document;
    const labels = [...place.querySelectorAll(`[aria-label="Shortcut ${name}"]`)];
    return labels.map((label) => label.closest("button")).find((button) => button && !button.disabled);
  };

  const until = (condition) =>
    new Promise((resolve) => {
      if (condition()) return resolve();
      const observer = new MutationObserver(() => {
        if (!condition()) return;
        observer.disconnect();
        clearTimeout(given);
        resolve();
      });
      const given = setTimeout(() => {
        observer.disconnect();
        resolve();
      }, DEAF);
      observer.observe(app(), { attributes: true, attributeFilter: ["data-test-script-state"] });
    });

  const work = async () => {
    if (busy) return;
    busy = true;
    try {
      while (waiting.length) {
        await until(idle);
        const button = buttonOf(waiting.shift());
        if (!button) continue;
        let began = false;
        const answered = until(() => {
          began = began || !idle();
          return began && idle();
        });
        button.click();
        await answered;
      }
    } finally {
      busy = false;
    }
  };

  window.addEventListener(
    "keydown",
    (event) => {
      const name = named(event);
      if (name === null || types(event.target)) return;
      if (!busy && !buttonOf(name) && !document.querySelector('[role="dialog"]')) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      if (event.repeat) return; /* a key that is held down decides once */
      waiting.push(name);
      work();
    },
    true,
  );
})();
