// The replay of one order: its effects as delivery.history has them, one after the other.
import { model, t, element, changed } from "/page.js";
import { chip } from "/chip.js";

const STEP_MS = 1200; // from one effect to the next, when it plays

let order = null, effects = [], at = 0, problem = null, timer = null, drawn = "";

const by = (id) => document.getElementById(id);
const time = (ms) => new Date(ms).toLocaleTimeString(document.documentElement.lang, { hour12: false }) + `.${String(ms % 1000).padStart(3, "0")}`;

function stop() {
	clearInterval(timer);
	timer = null;
}

function go(number) {
	at = Math.max(0, Math.min(effects.length, number));
	if (at === effects.length) stop();
	changed();
}

function play() {
	stop();
	at = 0;
	timer = setInterval(() => go(at + 1), STEP_MS);
	go(1);
}

async function load(id) {
	stop();
	order = id;
	problem = null;
	try {
		const answer = await fetch(`/history/${id}`), content = await answer.json();
		if (!answer.ok) throw new Error(content.detail);
		effects = content.effects;
	} catch (error) {
		effects = [];
		problem = error.message;
	}
	if (effects.length > 0) play();
	else changed();
}

function words() {
	if (at === 0) return t("replay.begin");
	const effect = effects[at - 1];
	return t(effect.newer ? "replay.late" : "replay.step", {
		event: effect.event, version: effect.version, partition: effect.partition, offset: effect.offset, replica: effect.replica,
		applied: time(effect.applied), seconds: ((effect.applied - effect.received) / 1000).toFixed(1), status: effect.status,
		newer: effect.newer?.event, newerVersion: effect.newer?.version,
	});
}

function scrubber() {
	const range = element("input", { type: "range", min: 0, max: effects.length, id: "replay-at", "aria-label": t("replay.at"),
		oninput: (event) => {
			stop();
			go(Number(event.target.value));
		} });
	range.value = at;
	return element("div", {},
		element("div", { class: "film" }, ...effects.map((effect, i) => {
			const made = chip(effect.event, order, effect.version, { class: (i < at ? "" : " coming") + (effect.newer && i < at ? " late" : "") });
			return made;
		})),
		element("div", { class: "scrub" }, element("button", { type: "button", id: "replay-play", onclick: () => (timer ? (stop(), changed()) : play()) }, t(timer ? "pause" : "replay.play")), range),
		element("p", { class: effects[at - 1]?.newer ? "wrong" : "", role: "status" }, words()));
}

export function drawHistory() {
	if (document.activeElement !== by("replay-order") && order == null)
		by("replay-order").value = model.chosen ?? model.last?.order ?? "";
	const key = JSON.stringify([order, effects.length, at, problem, Boolean(timer), document.documentElement.lang, document.documentElement.dataset.theme]);
	if (key === drawn) return;
	const focused = document.activeElement?.id;
	drawn = key;
	by("history").replaceChildren(...(order == null ? [] : problem ? [problem]
		: effects.length === 0 ? [t("replay.none", { order })] : [scrubber()]));
	if (focused?.startsWith("replay-")) by(focused)?.focus();
}

by("replay").addEventListener("submit", (event) => {
	event.preventDefault();
	load(Number(by("replay-order").value));
});
