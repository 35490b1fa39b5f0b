// Starts the page.

import { startBackbone } from "./backbone.js";
import { startEmotion } from "./emotion.js";
import { startKey } from "./key.js";
import { startKeys } from "./keys.js";
import { startLive } from "./live.js";
import { startMaking } from "./making.js";
import { tell } from "./page.js";
import { startPortrait } from "./portrait.js";
import { startResults } from "./results.js";
import { startSettings } from "./settings.js";
import { startSpeech } from "./speech.js";
import { startTabs } from "./tabs.js";
import { startVoice } from "./voice.js";

document.addEventListener("dragover", (event) => event.preventDefault()); // a file beside its field is not opened
document.addEventListener("drop", (event) => event.preventDefault());

startKey();
startPortrait();
startSpeech();
startSettings();
startBackbone();
try {
  await startEmotion();
  startVoice();
} catch (error) {
  tell(error, "emotion");
}
startKeys();
startMaking();
startResults();
startLive();
startTabs();
document.documentElement.dataset.ready = "true";
