// The key that a server may ask for. It is kept by this page alone, and shown to the server again before its cookie ends.

import * as api from "./api.js";
import { find } from "./page.js";

const AGAIN = 45 * 60 * 1000; // ms; a cookie lasts an hour

let asked = null; // the question that is open: all requests wait for the same answer
let renewing = null;

export function startKey() {
  api.keys.ask = () => (asked ??= new Promise((resolve) => open(resolve)).finally(() => { asked = null; }));
}

function open(done) {
  const form = find("key-form");
  find("key").showModal();
  form.onsubmit = async (event) => {
    event.preventDefault();
    const key = find("key-text").value.trim();
    find("key-problem").textContent = "";
    try {
      await api.show(key);
    } catch (error) {
      find("key-problem").textContent = error.status === 401 ? "This is no key of this server." : error.message;
      return;
    }
    clearInterval(renewing);
    renewing = setInterval(() => api.show(key).catch(() => {}), AGAIN);
    find("key-text").value = "";
    find("key").close();
    done();
  };
  find("key").oncancel = (event) => event.preventDefault(); // nothing works without
}
