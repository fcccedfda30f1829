// Numbers over time: the last two minutes of what the services' metrics say, drawn small.
import { model, t, element } from "/page.js";

const KEPT = 240; // looks, two a second
const CHARTS = [["placed"], ["effects"], ["lag"], ["outbox"], ["p50", "p99"], ["oldest"]];
const numbers = new Map(CHARTS.flat().map((name) => [name, []]));
const made = new Map();
let looks = 0, drawn = "";

// Seconds since the event was received that is in work, or waits for it, for the longest time.
function oldest(state) {
	const since = (state.deliveries ?? []).flatMap((service) => service.inFlight?.events ?? []).map((event) => Date.parse(event.since));
	return since.length > 0 ? Math.max(0, state.now - Math.min(...since)) / 1000 : 0;
}

export function addNumbers(state) {
	if (!state.rates) return;
	looks++;
	for (const [name, list] of numbers) {
		list.push(name === "oldest" ? oldest(state) : state.rates[name]);
		if (list.length > KEPT) list.shift();
	}
}

// A canvas as large as it is shown, empty.
export function begin(canvas) {
	const ratio = devicePixelRatio, width = canvas.clientWidth, height = canvas.clientHeight;
	const context = canvas.getContext("2d");
	if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
		canvas.width = Math.round(width * ratio);
		canvas.height = Math.round(height * ratio);
	}
	context.setTransform(ratio, 0, 0, ratio, 0, 0);
	context.clearRect(0, 0, width, height);
	context.lineWidth = 1.75;
	context.lineJoin = "round";
	return { context, width, height };
}

export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name);

// points: [x, y or null]. Nothing joins across a null; a point between two of them is a dot.
export function drawPoints(context, points) {
	const known = (i) => points[i] && points[i][1] != null;
	context.beginPath();
	points.forEach(([x, y], i) => {
		if (y == null) return;
		if (known(i - 1)) context.lineTo(x, y);
		else context.moveTo(x, y);
		if (!known(i - 1) && !known(i + 1)) context.lineTo(x + 0.1, y);
	});
	context.lineCap = "round";
	context.stroke();
}

function draw(canvas, names) {
	const { context, width, height } = begin(canvas);
	const most = Math.max(1, ...names.flatMap((name) => numbers.get(name)).map((value) => value ?? 0));
	names.forEach((name, i) => {
		const list = numbers.get(name);
		context.strokeStyle = colour(i === names.length - 1 ? "--mark" : "--soft");
		context.setLineDash(i === names.length - 1 ? [] : [3, 3]);
		drawPoints(context, list.map((value, j) => [width - 2 - (list.length - 1 - j) * ((width - 4) / (KEPT - 1)),
			value == null ? null : height - 3 - (height - 6) * (value / most)]));
	});
}

function chart(names) {
	const value = element("strong", {}), label = element("span", {}), canvas = element("canvas", { "aria-hidden": "true" });
	made.set(names, { value, label, canvas });
	return element("div", { class: "chart" }, label, value, canvas);
}

const shown = (value) => value == null ? "–"
	: value.toLocaleString(document.documentElement.lang, { maximumFractionDigits: value < 10 ? 1 : 0 });

export function drawCharts() {
	const place = document.getElementById("charts");
	const key = `${looks} ${innerWidth} ${document.documentElement.lang} ${document.documentElement.dataset.theme}`;
	if (drawn === key) return;
	drawn = key;
	if (!place.firstChild) place.append(...CHARTS.map(chart));
	for (const names of CHARTS) {
		const { value, label, canvas } = made.get(names);
		label.textContent = t(`chart.${names.at(-1)}`);
		value.textContent = names.map((name) => shown(numbers.get(name).at(-1))).join(" / ");
		draw(canvas, names);
	}
}
