// A photograph by the camera of this machine.

import { element, find, tell, untell } from "./page.js";

let stream = null;

/** Give the photograph to `take`. Where there is no camera to look through, the phone's own takes over. */
export function startCamera(take) {
  find("camera-open").addEventListener("click", () => (stream ? close() : open()));
  find("camera-take").addEventListener("click", async () => {
    const file = await photograph();
    close();
    take(file);
  });
}

async function open() {
  untell("portrait");
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "user", width: { ideal: 1280 }, height: { ideal: 960 } } });
  } catch {
    return tell({ message: "The camera cannot be used. Allow it in the browser, or choose a picture" }, "portrait");
  }
  find("camera-view").srcObject = stream;
  await find("camera-view").play();
  draw();
  find("camera-take").focus();
}

function close() {
  stream?.getTracks().forEach((track) => track.stop());
  stream = null;
  find("camera-view").srcObject = null;
  draw();
}

function draw() {
  find("camera").hidden = !stream;
  find("camera-open").textContent = stream ? "Close the camera" : "Take a photo";
}

function photograph() {
  const view = find("camera-view");
  const canvas = element("canvas", { width: view.videoWidth, height: view.videoHeight });
  canvas.getContext("2d").drawImage(view, 0, 0);
  return new Promise((resolve) => canvas.toBlob((blob) => resolve(new File([blob], "photo.jpg", { type: "image/jpeg" })), "image/jpeg", 0.95));
}
