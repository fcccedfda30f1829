// The load panel: ten seconds of many orders, synchronously and through Kafka, and what an innocent
// caller feels, who only wants to read an order. The lines come from the command as it runs.
import { model, t, element, act, canAct, command } from "/page.js";
import { begin, colour, drawPoints } from "/charts.js";

const WAYS = ["http", "kafka"];
const SECONDS = 15;         // ten of load, and the last call's time-out
const FAST = 1, SLOW = 5000; // ms: the ends of the scale, which is logarithmic

let id = null;
let seconds = {};  // way -> caller -> [{ second, over, answered, ..., p99 }]
let drawn = "", chart = ""; // what the panel and its chart show
let canvas = null;

function take(line) {
	const [way, caller, ...rest] = line.split("\t");
	if (!WAYS.includes(way) || rest.length < 8) return;
	const [second, over, answered, errors, late, p50, p99] = rest.map(Number);
	const list = seconds[way][caller] ??= [], before = list.at(-1);
	// Of the calls that were answered in that second; without one there is no time.
	list.push({ second, over, answered, errors, late, p99: answered > (before?.answered ?? 0) ? p99 : null });
}

export function addLoad(content) {
	if (content.action !== "load") return;
	if (content.id !== id) {
		id = content.id;
		seconds = { http: {}, kafka: {} };
	}
	content.text.split("\n").forEach(take);
}

const style = { http: ["--bad", []], kafka: ["--mark", [6, 4]] };

function drawChart() {
	if (!canvas?.clientWidth) return;
	const { context, width, height } = begin(canvas), left = 52, foot = 18;
	const x = (second) => left + (width - left - 8) * (second - 1) / (SECONDS - 1);
	const y = (ms) => 16 + (height - foot - 22) * (1 - Math.log(Math.min(SLOW, Math.max(FAST, ms)) / FAST) / Math.log(SLOW / FAST));
	context.font = "12px system-ui, sans-serif";
	context.fillStyle = colour("--soft");
	context.strokeStyle = colour("--line");
	context.lineWidth = 1;
	for (const ms of [1, 10, 100, 1000]) {
		context.fillText(ms < 1000 ? `${ms} ms` : `${ms / 1000} s`, 2, y(ms) + 4);
		drawPoints(context, [[left, y(ms)], [width - 8, y(ms)]]);
	}
	context.fillText(t("load.axis"), left, height - 3);
	context.lineWidth = 2.5;
	for (const way of WAYS) {
		const list = seconds[way]?.innocent ?? [];
		context.strokeStyle = context.fillStyle = colour(style[way][0]);
		context.setLineDash(style[way][1]);
		drawPoints(context, list.map((one) => [x(one.second), one.p99 == null ? null : y(one.p99)]));
		for (const one of list)
			if (one.p99 == null) context.fillText("✕", x(one.second) - 5, 12); // nobody was answered
	}
	context.setLineDash([]);
}

function summary(way) {
	const orders = seconds[way]?.orders?.at(-1), innocent = seconds[way]?.innocent?.at(-1);
	const times = (seconds[way]?.innocent ?? []).map((one) => one.p99 ?? SLOW);
	const cells = orders ? [`${orders.answered} / ${orders.over}`, innocent ? `${innocent.answered} / ${innocent.over}` : "–",
		times.length > 0 ? `${Math.max(...times) >= SLOW ? "> " : ""}${Math.round(Math.max(...times))} ms` : "–"] : ["–", "–", "–"];
	return element("tr", {}, element("th", { scope: "row" }, element("span", { class: `line ${way}` }), t(`load.${way}`)),
		...cells.map((cell) => element("td", {}, cell)));
}

function rebuild() {
	canvas = element("canvas", { role: "img", "aria-label": t("load.chart") });
	const typed = command("load");
	document.getElementById("load").replaceChildren(...[
		element("p", {}, t("load.text")),
		canAct() ? element("button", { type: "button", id: "load-play", disabled: Boolean(model.running), onclick: () => act("load").catch(() => {}) }, t("load.play")) : null,
		typed ? element("code", {}, canAct() ? ` ${t("or.type", { command: typed })}` : typed) : null,
		element("table", { class: "ways" },
			element("thead", {}, element("tr", {}, element("td"), ...["orders", "innocent", "longest"].map((name) => element("th", { scope: "col" }, t(`load.${name}`))))),
			element("tbody", {}, ...WAYS.map(summary))),
		canvas].filter(Boolean));
}

export function drawLoad() {
	const key = JSON.stringify([id, WAYS.map((way) => [seconds[way]?.orders?.length, seconds[way]?.innocent?.length]),
		canAct(), Boolean(model.running), document.documentElement.lang, model.state.commands]);
	if (key !== drawn) rebuild();
	drawn = key;
	const now = `${key} ${innerWidth} ${document.documentElement.dataset.theme}`;
	if (now !== chart) drawChart();
	chart = now;
}
