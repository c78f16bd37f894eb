"use strict";
// Live updates. Elements with data-live and an id are replaced by those of the same address
// whenever the server says that the page has changed. Everything else stays: forms, open
// details and the place of reading.

const body = document.body;
const connection = document.getElementById("connection");
const shortestPause = 1500; // ms between two fetches
const announceEvery = 30000; // ms between two messages for screen readers
let wanted = body.dataset.version; // the newest version that the server has named
let source = null, fetching = false, timer = 0;
let announced = 0, announcing = 0; // the time of the last message, the timer of the next one

// later fetches the page after a pause.
function later(pause) {
  clearTimeout(timer);
  timer = setTimeout(refresh, pause);
}

async function refresh() {
  if (fetching || document.hidden) return;
  fetching = true;
  try {
    const shown = location.href;
    const answer = await fetch(shown, { cache: "no-store", headers: { Accept: "text/html" } });
    if (answer.redirected) return location.reload(); // to the login
    if (!answer.ok) throw new Error(answer.statusText);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (location.href !== shown) return later(0); // the reader has chosen something else
    for (const element of fresh.querySelectorAll("[data-live][id]")) await replace(element);
    body.dataset.version = fresh.body.dataset.version;
    if (location.href !== shown) later(0);
    else if (body.dataset.version !== wanted) later(2 * shortestPause); // it was behind the event
  } catch {
    later(10 * shortestPause);
  } finally {
    fetching = false;
  }
}

// replace puts a fresh element in the place of the one with its id.
async function replace(fresh) {
  const old = document.getElementById(fresh.id);
  if (!old) return;
  const before = old.cloneNode(true), after = document.importNode(fresh, true);
  for (const d of before.querySelectorAll("details")) d.open = false;
  if (before.isEqualNode(after)) return;
  const images = [...after.querySelectorAll("img")];
  for (const image of images) image.loading = "eager";
  await Promise.allSettled(images.map((image) => image.decode())); // so that none flickers
  const focused = old.contains(document.activeElement) ? address(document.activeElement) : null;
  const scrolled = [...old.querySelectorAll(".scroll")].map((e) => [e.scrollLeft, e.scrollTop]);
  const open = [...old.querySelectorAll("details")].map((d) => d.open);
  after.querySelectorAll("details").forEach((d, i) => { d.open = open[i] ?? d.open; });
  old.replaceChildren(...after.childNodes);
  old.querySelectorAll(".scroll").forEach((e, i) => { [e.scrollLeft, e.scrollTop] = scrolled[i] ?? [0, 0]; });
  if (focused) [...old.querySelectorAll(focused.name)].find((e) => address(e).text === focused.text)?.focus({ preventScroll: true });
}

// address identifies an element that can have the focus.
function address(e) {
  return { name: e.localName, text: e.id || e.getAttribute("href") || e.getAttribute("aria-label") || e.textContent };
}

// announce shows a message, at most one in announceEvery, and the last one in the end.
function announce(text) {
  clearTimeout(announcing);
  announcing = setTimeout(() => {
    announced = Date.now();
    connection.textContent = "Live: " + text;
  }, Math.max(0, announced + announceEvery - Date.now()));
}

// listen follows the events while the page is visible: a browser allows a server few
// connections.
function listen() {
  if (source || document.hidden) return;
  source = new EventSource(body.dataset.events); // reconnects by itself
  source.onmessage = (message) => {
    const { version, text } = JSON.parse(message.data);
    wanted = version;
    if (version !== body.dataset.version) later(shortestPause);
    announce(text);
  };
  source.onopen = () => {
    if (!announced) connection.textContent = "Live."; // no event follows if nothing is new
  };
  source.onerror = () => {
    clearTimeout(announcing);
    connection.textContent = "Not connected: the page shows the last state, and tries again.";
    announced = 0;
    if (source.readyState !== EventSource.CLOSED) return;
    source = null; // it was refused, as when too many follow
    later(20 * shortestPause);
    setTimeout(listen, 40 * shortestPause);
  };
}

if (body.dataset.events) {
  listen();
  if (!wanted) later(2 * shortestPause); // a part is still being made
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      source?.close();
      source = null;
    }
    listen();
  });
}

// A choice in such a form shows immediately, without a new page.
for (const form of document.querySelectorAll("form[data-auto]")) {
  form.addEventListener("change", () => {
    history.replaceState(null, "", "?" + new URLSearchParams(new FormData(form)));
    later(0);
  });
}

// A button with data-copy copies the text of the element with that id.
for (const button of document.querySelectorAll("button[data-copy]")) {
  button.addEventListener("click", async () => {
    const text = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(text.textContent);
      connection.textContent = "Copied.";
    } catch { // only pages of this machine or by https may write
      getSelection().selectAllChildren(text);
      connection.textContent = "The command is selected: copy it.";
    }
  });
}
